/// Both directions of a connection. Calls block until the deadline that the stream was made with.
protocol ByteStream: AnyObject {
  /// Up to so many bytes; none at the end of the stream.
  func receive(_ count: Int) throws(TransportError) -> [UInt8]
  func send(_ bytes: [UInt8]) throws(TransportError)
  func close()
  /// False where the peer has closed its side, or has said something unasked.
  var isIdle: Bool { get }
  /// Clock reading (monotonic nanoseconds) after which every call fails.
  var deadline: UInt64 { get set }
}
