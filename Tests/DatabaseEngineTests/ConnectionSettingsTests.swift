import PostgreSQL
import Testing

@Suite struct ConnectionSettingsTests {
  /// What libpq has no keyword for goes to the server as a parameter of the session.
  @Test func parametersOfTheSessionBecomeOptions() throws {
    let settings = try ConnectionSettings(
      text: "postgresql://u:p@h/db?&search_path=a%20b%5C,c&application_name=z&my.param=1&&default_query_exec_mode=exec")
    #expect(settings["options"] == #"-c search_path=a\ b\\,c -c my.param=1"#)
    #expect(settings["application_name"] == "z")
    #expect(settings["dbname"] == "db")
    let both = try ConnectionSettings(text: "postgresql://u@h/db?options=-c%20geqo%3Doff&timezone=UTC")
    #expect(both["options"] == "-c geqo=off -c timezone=UTC")
    #expect(try ConnectionSettings(text: "postgresql://u@h/db?ssl=true")["sslmode"] == "require")
    #expect(try ConnectionSettings(text: "postgresql://u@h/db?")["options"] == nil)
    #expect(try ConnectionSettings(text: "host=h user=u")["options"] == nil)
  }

  @Test(arguments: ["?=x", "?a b=x", "?a;b=x", "?a-b=x", "?timezone=%zz", "?timezone=%00", "?timezone=%ff"])
  func whatIsNoParameterIsRefused(query: String) {
    #expect(throws: PostgreSQLError.self) { try ConnectionSettings(text: "postgresql://u@h/db" + query) }
  }

  @Test func theSystemsAuthoritiesStandInWhereNobodyNamesOne() throws {
    var plain = try ConnectionSettings(text: "postgresql://u@h/db?sslmode=require")
    plain.trustSystemAuthorities()
    #expect(plain["sslrootcert"] == nil)
    var named = try ConnectionSettings(text: "postgresql://u@h/db?sslmode=verify-full&sslrootcert=/a.pem")
    named.trustSystemAuthorities()
    #expect(named["sslrootcert"] == "/a.pem")
  }
}
