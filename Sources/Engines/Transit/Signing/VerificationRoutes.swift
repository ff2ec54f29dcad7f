internal import Cryptography
internal import EngineAPI
internal import JSONText

/// Verifying of signatures, HMACs and CMACs, with one endpoint for all.
extension TransitMount {
  private typealias Own = SignatureFields

  /// What an item brings to be verified. Where it has several, the first of these counts.
  private enum Proof: String, CaseIterable { case signature, hmac, cmac }

  func verify(_ call: Call) throws -> Reply {
    guard let items = try Batch.items(call) else {
      let item = try onlyItem(call)
      let check = try verification(call, try Self.proof(of: [item], isBatch: false))
      return .data(["valid": .bool(try single { () throws(Refusal) in try check(item) })])
    }
    let check = try verification(call, try Self.proof(of: items, isBatch: true))
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(
        item.reference,
        failed: { writer in
          writer.name("valid")
          writer.bool(false)
        },
        { writer throws(Refusal) in
          let valid = try check(item)
          writer.name("valid")
          writer.bool(valid)
        })
    }
    return results.lenientReply()
  }

  /// A request without a batch as the one item that it is.
  private func onlyItem(_ call: Call) throws -> BatchItem {
    var members: JSONObject = [
      Own.input.name: .string(try call[Own.input] ?? ""), Fields.context.name: .string(try call[Fields.context] ?? ""),
    ]
    for field in [Own.signature, Own.hmac, Own.cmac] where call.has(field) {
      members[field.name] = .string(try call[field] ?? "")
    }
    return BatchItem(index: 0, members: members)
  }

  /// What all the items bring to be verified.
  private static func proof(of items: [BatchItem], isBatch: Bool) throws -> Proof {
    let proofs = items.map { item in Proof.allCases.first { item.has($0.rawValue) } }
    let present = Set(proofs.compactMap { $0 })
    guard let proof = present.first else {
      throw EngineError.invalid(
        isBatch
          ? "no batch_input elements have 'signature', 'hmac' or 'cmac'"
          : "missing one of 'signature', 'hmac' or 'cmac' arguments to verify")
    }
    if present.count > 1 {
      throw EngineError.invalid("elements of batch_input must all provide either 'signature', 'hmac' or 'cmac'")
    }
    if proofs.contains(nil) {
      throw EngineError.invalid("some elements of batch_input are missing '\(proof.rawValue)'")
    }
    return proof
  }

  private func verification(_ call: Call, _ proof: Proof) throws -> (BatchItem) throws(Refusal) -> Bool {
    let name = call.capture("name")
    switch proof {
    case .signature:
      let options = try signatureOptions(call)
      guard let key = try load(name) else { throw EngineError.invalid("signature verification key not found") }
      try checkSigning(key)
      return { item throws(Refusal) in
        let input = try Self.decoded(Own.input.name, of: item)
        let signature = try Self.text(proof.rawValue, of: item)
        let context = try Self.decoded(Fields.context.name, of: item)
        return try key.verify(signature, of: input, context: context, options)
      }
    case .hmac:
      let hash = try macHash(call)
      guard let key = try load(name) else { throw EngineError.invalid("encryption key not found") }
      return { item throws(Refusal) in
        let input = try Self.authenticated(item)
        return try key.verify(hmac: try Self.text(proof.rawValue, of: item), of: input, hash)
      }
    case .cmac:
      let length = try cmacLength(call, inPath: call.capture(Own.urlAlgorithm.name))
      guard let key = try load(name) else { throw EngineError.invalid("encryption key not found") }
      return { item throws(Refusal) in
        let input = try Self.authenticated(item)
        return try key.verify(cmac: try Self.text(proof.rawValue, of: item), of: input, length: length)
      }
    }
  }

  private static func text(_ name: String, of item: BatchItem) throws(Refusal) -> String {
    do { return try item.coerced(name) } catch {
      throw Refusal("failed to parse item: failed to parse \(name) as a string: \(error.reason)")
    }
  }

  /// What comes with a signature; empty where it does not.
  private static func decoded(_ name: String, of item: BatchItem) throws(Refusal) -> [UInt8] {
    try Encoded.decode(try text(name, of: item), "failed to parse item: failed to parse \(name): ")
  }

  /// The input of a code.
  private static func authenticated(_ item: BatchItem) throws(Refusal) -> [UInt8] {
    if !item.has(Own.input.name) { throw Refusal("missing input") }
    return try Encoded.decode(try text(Own.input.name, of: item), "unable to decode input as base64: ")
  }
}
