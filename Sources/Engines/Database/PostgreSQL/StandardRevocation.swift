internal import PostgreSQL
internal import Primitives

/// What is done to a user whose role names no statements: its rights are taken away, then the user is dropped. Begins in an open
/// transaction and leaves none. The server does all of it in one statement: each further one would cost the way there and
/// back, while nobody else can change what they change.
struct StandardRevocation {
  let user: String
  let connection: Connection
  let timeout: TimeSpan

  func run() throws(PostgreSQLError) {
    do throws(PostgreSQLError) {
      if try isThere() { try connection.execute(Self.block, timeout: timeout) }
      try connection.execute("COMMIT", timeout: timeout)
    } catch {
      if connection.isUsable { _ = try? connection.execute("ROLLBACK", timeout: timeout) }
      throw error
    }
  }

  /// Also leaves the user's name where `block` finds it, so that the name is in no statement, and has names in `block` mean
  /// what the system means by them, whatever others have made in this database. Both hold until the transaction ends.
  private func isThere() throws(PostgreSQLError) -> Bool {
    try !connection.execute(
      """
      SELECT pg_catalog.set_config('coffer.revoked_user', $1::text, true),
        pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)
      FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) $1::text
      """, [user], timeout: timeout
    ).isEmpty
  }

  /// Some rights may not be ours to take away; whether it is enough shows when the user is dropped. What collides with others, and
  /// a server without connections or resources, say nothing about rights. DROP OWNED takes rights away and nothing else where
  /// the user owns nothing in this database.
  private static let block = """
    DO $block$
    DECLARE
      who CONSTANT text := current_setting('coffer.revoked_user');
      role CONSTANT oid := (SELECT oid FROM pg_roles WHERE rolname = who);
      here CONSTANT oid := (SELECT oid FROM pg_database WHERE datname = current_database());
      schemas CONSTANT text[] := ARRAY(
        SELECT n.nspname::text FROM pg_shdepend d
        JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = role AND d.deptype = 'a'
        AND d.classid = 'pg_class'::regclass AND d.dbid = here
        UNION SELECT 'public');
      steps text[] :=
        ARRAY(SELECT format('REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA %I FROM %I', s, who) FROM unnest(schemas) s)
        || ARRAY(SELECT format('REVOKE USAGE ON SCHEMA %I FROM %I', s, who) FROM unnest(schemas) s)
        || format('REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA public FROM %I', who)
        || format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), who);
      step text;
    BEGIN
      IF NOT EXISTS (
        SELECT 1 FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND refobjid = role AND deptype = 'o' AND dbid IN (0, here)
      ) THEN
        steps := steps || format('DROP OWNED BY %I', who);
      END IF;
      FOREACH step IN ARRAY steps LOOP
        BEGIN
          EXECUTE step;
        EXCEPTION WHEN OTHERS THEN
          IF left(SQLSTATE, 2) IN ('08', '40', '53', '57') OR SQLERRM LIKE 'tuple concurrently %' THEN
            RAISE;
          END IF;
        END;
      END LOOP;
      EXECUTE format('DROP ROLE IF EXISTS %I', who);
    END
    $block$
    """
}
