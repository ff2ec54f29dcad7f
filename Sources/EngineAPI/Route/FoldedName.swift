/// What a name is stored under where its case and the blanks around it do not count.
package enum FoldedName {
  package static func of(_ name: String) -> String {
    var name = name[...]
    while name.first == " " { name = name.dropFirst() }
    while name.last == " " { name = name.dropLast() }
    return name.lowercased()
  }
}
