func enrolmentPicture(of url: String, pixels: Int) -> String { "" }
