import HCL
import Testing

@Suite struct HCLFormatterTests {
  @Test(arguments: [
    (
      "path    \"a\"   {capabilities=[\"read\",\"list\"]}\n", "path \"a\" {\n  capabilities = [\"read\", \"list\"]\n}\n"
    ),
    ("", ""),
    ("# only\n\n\n# comments", "# only\n\n# comments\n"),
    (
      "# lead\npath \"a\" { # in\n capabilities = [\"read\"] // why\n\n\n  min = 1\n longer_name=\"x\" # b\n}\npath \"b\" {}",
      """
      # lead
      path "a" {
        # in
        capabilities = ["read"] // why

        min         = 1
        longer_name = "x" # b
      }

      path "b" {}

      """
    ),
    (
      "a = [\n\"x\", # one\n\"y\"\n# two\n]\nb = <<EOF\n keep\n  this\nEOF\nc = { d = 1, e = {} }",
      """
      a = [
        "x", # one
        "y",
        # two
      ]

      b = <<EOF
       keep
        this
      EOF

      c = {
        d = 1
        e = {}
      }

      """
    ),
  ]) func canonical(text: String, expected: String) throws { #expect(try HCLFormatter.format(text) == expected) }

  @Test func refusals() {
    #expect(throws: HCLError.self) { try HCLFormatter.format("path \"a\" {") }
    #expect(throws: HCLError.self) { try HCLFormatter.format("{}") }
  }
}
