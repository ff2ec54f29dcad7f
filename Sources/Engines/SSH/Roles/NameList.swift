internal import EngineAPI

/// Names separated by commas, as roles and requests list users and domains.
enum NameList {
  /// Each name once, in order, without blanks around it.
  static func split(_ list: String) -> [String] {
    var seen: Set<String> = []
    return list.utf8.split(separator: UInt8(ascii: ",")).map { trimmed(Substring($0)) }
      .filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  static func trimmed(_ text: Substring) -> String {
    func isBlank(_ c: UInt8) -> Bool { c == 0x20 || (9...13).contains(c) }
    let tail = text.utf8.drop(while: isBlank)
    guard let last = tail.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(Substring(tail[...last]))
  }

  /// Byte for byte, as programs that read certificates compare; texts here are equal in more cases.
  static func areSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  static func isSubdomain(_ name: String, of domain: String) -> Bool {
    let ending = Array(".\(domain)".utf8)
    return name.utf8.count > ending.count && name.utf8.suffix(ending.count).elementsEqual(ending)
  }

  /// The names of a role's list that the caller is held to. The list is split before templates in it are filled: what
  /// an entity is called adds no name, and no `*`.
  static func allowed(_ list: String, isTemplate: Bool, _ call: Call) throws(EngineError) -> [String] {
    let names = split(list)
    if !isTemplate { return names }
    var filled: [String] = []
    for name in names {
      guard let template = TextTemplate(name), template.hasHoles else {
        filled.append(name)
        continue
      }
      // Nobody that templates could speak of: no such name is this caller's.
      if call.principal?.entityID.isEmpty ?? true { continue }
      filled.append(try self.filled(template, name, call))
    }
    return filled
  }

  /// One name, which may be a template.
  static func name(_ text: String, isTemplate: Bool, _ call: Call) throws(EngineError) -> String {
    guard isTemplate, let template = TextTemplate(text), template.hasHoles else { return text }
    return try filled(template, text, call)
  }

  private static func filled(_ template: TextTemplate, _ text: String, _ call: Call) throws(EngineError) -> String {
    var isHarmless = true
    let name = template.filled { selector in
      guard let value = call.identity(selector), !value.isEmpty else { return nil }
      // What has a meaning in lists of principals, here or in a program that reads the certificate.
      isHarmless = isHarmless && value.unicodeScalars.allSatisfy { !isSpecial($0) }
      return value
    }
    guard let name else {
      throw .invalid("template '\(text)' could not be rendered -> it names what the caller's entity does not have")
    }
    guard isHarmless else {
      throw .invalid("template '\(text)' could not be rendered -> the value has characters that names cannot have")
    }
    return name
  }

  private static func isSpecial(_ c: Unicode.Scalar) -> Bool {
    c.value <= 0x20 || c.value == 0x7F || "*?!,".unicodeScalars.contains(c)
  }
}
