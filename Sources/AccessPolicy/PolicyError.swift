/// Why a policy is refused. The description is what clients see.
package struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// Several faults at once, in the form in which the API joins errors: a count, then a line each.
  static func joined(_ faults: [String]) -> String {
    let head = faults.count == 1 ? "1 error occurred:" : "\(faults.count) errors occurred:"
    return head + "\n" + faults.map { "\t* \($0)\n" }.joined() + "\n"
  }
}
