internal import Primitives
internal import QRCode

/// A text as a QR code for cameras, a PNG in base64; empty where none is wanted or the text does not fit in so few pixels.
func enrolmentPicture(of text: String, pixels: Int) -> String {
  guard pixels > 0, let image = QRCode(Array(text.utf8))?.png(pixels: pixels) else { return "" }
  return Base64.encode(image)
}
