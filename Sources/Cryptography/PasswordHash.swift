internal import CCrypt
internal import Glibc
package import Primitives
package import SecretMemory

/// Why a password was not hashed or compared.
package enum PasswordHashError: Error, Sendable, Equatable {
  /// Longer than the 72 bytes that the hash looks at.
  case tooLong
  /// A zero byte, after which the hash sees nothing.
  case holdsZero
  /// As many wait for their turn as may.
  case busy
  /// The library refused, for want of memory.
  case library
}

/// A bcrypt hash in its modular form, `$2b$10$` with 22 characters of salt and 31 of digest (crypt(5)). Hashes with
/// `$2a$` and `$2y$` are the same function.
///
/// A hash costs a processor tens of milliseconds, on purpose: at most as many are at work as there are processors, and
/// others wait.
package struct PasswordHash: Sendable, Equatable {
  package let text: String
  /// The logarithm of the number of rounds.
  package let cost: Int

  package static let standardCost = 10
  package static let maximumPasswordBytes = 72

  /// A hash made elsewhere; nil for what is none.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == Self.length, let minor = bytes.dropFirst(2).first, "aby".utf8.contains(minor),
      bytes.starts(with: "$2".utf8), bytes[3] == Self.dollar, bytes[6] == Self.dollar,
      let cost = Int(text.dropFirst(4).prefix(2)), (4...31).contains(cost),
      bytes.dropFirst(7).allSatisfy({ Self.alphabet.contains($0) })
    else { return nil }
    self.text = text
    self.cost = cost
  }

  package init(
    of password: SecretBytes, cost: Int = standardCost, random: RandomSource
  ) throws(PasswordHashError) {
    if password.count > Self.maximumPasswordBytes { throw .tooLong }
    if password.withBytes({ $0.contains(0) }) { throw .holdsZero }
    let digits = cost < 10 ? "0\(cost)" : "\(cost)"
    let setting = "$2b$\(digits)$" + Self.salt(random.bytes(16))
    guard let made = PasswordHash(try Self.hash(password, setting: setting)) else { throw .library }
    self = made
  }

  /// Whether the password is the one that was hashed. Takes as long either way.
  package func matches(_ password: SecretBytes) throws(PasswordHashError) -> Bool {
    // The library changes what `$2a$` means for some passwords, to tell them from those that an old fault confused.
    let made = try Self.hash(password, setting: "$2b$" + text.dropFirst(4))
    let isSame = constantTimeEqual(String(made.suffix(Self.digestLength)), String(text.suffix(Self.digestLength)))
    return isSame && !password.withBytes { $0.contains(0) }
  }

  private static let length = 60
  private static let digestLength = 31
  private static let dollar = UInt8(ascii: "$")
  private static let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// Six bits a character, the first ones first.
  private static func salt(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        out.append(alphabet[Int(bits >> UInt32(count) & 63)])
      }
    }
    if count > 0 { out.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
    return String(decoding: out, as: UTF8.self)
  }

  private static func hash(_ password: SecretBytes, setting: String) throws(PasswordHashError) -> String {
    guard turns.take() else { throw .busy }
    defer { turns.giveBack() }
    let ended = SecretBytes(count: password.count + 1) { target in
      password.withBytes { target.copyBytes(from: $0) }
      target[target.count - 1] = 0
    }
    var out = [CChar](repeating: 0, count: coffer_bcrypt_room)
    let done = ended.withBytes { bytes in
      coffer_bcrypt(bytes.bindMemory(to: CChar.self).baseAddress, setting, &out)
    }
    guard done == 1 else { throw .library }
    return String(decoding: out.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static let turns = Turns(atWork: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), waiting: 256)
}

/// Lets a number of threads work, and a number of others wait.
private final class Turns: Sendable {
  private struct State {
    var free: Int
    var waiting = 0
  }

  private let state: Monitored<State>
  private let mayWait: Int

  init(atWork: Int, waiting: Int) {
    state = Monitored(State(free: atWork))
    mayWait = waiting
  }

  /// False where too many wait already.
  func take() -> Bool {
    let isIn = state.withLock { state in
      if state.waiting >= mayWait { return false }
      state.waiting += 1
      return true
    }
    guard isIn else { return false }
    return state.wait { state in
      guard state.free > 0 else { return nil }
      state.free -= 1
      state.waiting -= 1
      return true
    } ?? false
  }

  func giveBack() { state.update { $0.free += 1 } }
}
