import JSONText
import Testing

@testable import DatabaseEngine

@Suite struct MaskedURLTests {
  @Test(arguments: [
    ("postgresql://root:rootpw@db:5432/app?sslmode=disable", "postgresql://root:xxxxx@db:5432/app?sslmode=disable"),
    ("postgresql://{{username}}:{{password}}@db/app", "postgresql://{{username}}:{{password}}@db/app"),
    ("postgresql://{{username}}:plain@db/app", "postgresql://{{username}}:xxxxx@db/app"),
    ("postgresql://root:p@ss@db/app", "postgresql://root:xxxxx@db/app"),
    ("postgresql://root@db/app", "postgresql://root@db/app"),
    ("postgresql://db/app?user=a:b@c", "postgresql://db/app?user=a:b@c"),
    ("postgresql://db/app?user=a&password=secret&x=1", "postgresql://db/app?user=a&password=xxxxx&x=1"),
    ("host=db user=root password=rootpw dbname=app", "host=db user=root password=xxxxx dbname=app"),
    ("host=db password = 'a b\\' c' dbname=app", "host=db password = xxxxx dbname=app"),
    ("host=db user='{{username}}' password='{{password}}'", "host=db user='{{username}}' password='{{password}}'"),
    ("", ""),
  ])
  func masked(_ url: String, _ shown: String) { #expect(MaskedURL.text(url) == shown) }
}
