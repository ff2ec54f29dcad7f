import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

/// RFC 8032, section 7.1, tests 1 to 3.
@Test(arguments: [
  (
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
      + "d25bf5f0595bbe24655141438e7a100b"
  ),
  (
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
      + "387b2eaeb4302aeeb00d291612bb0c00"
  ),
  (
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
      + "4a7c15e9716ed28dc027beceea1ec40a"
  ),
])
private func ed25519OfTheStandard(seed: String, publicKey: String, message: String, signature: String) throws {
  let key = try AsymmetricKey(ed25519Seed: SecretBytes(copying: bytes(seed)))
  #expect(try key.rawPublicKey() == bytes(publicKey))
  #expect(try key.sign(bytes(message), .ed25519) == bytes(signature))
  let other = try AsymmetricKey(ed25519Public: bytes(publicKey))
  #expect(try other.verify(bytes(signature), of: bytes(message), .ed25519))
  #expect(try !other.verify(bytes(signature), of: bytes(message) + [0], .ed25519))
  #expect(try !other.verify([], of: bytes(message), .ed25519))
  #expect(throws: CryptographyError.unsuitableKey) { try other.sign([], .ed25519) }
}

/// RFC 6979, appendix A.2.5 to A.2.7: the keys, and the signatures of "sample" that anybody can verify.
private let curves: [(AsymmetricKey.Curve, AsymmetricKey.ECDSANumbers, HashFunction, String)] = [
  (
    .p256,
    .init(
      x: "43872280807156713839160376167191808430140484563252114113014272064716834774966",
      y: "54736908695619294235531183715189990111299271757105154178488727263331972686489",
      secret: "91225253027397101270059260515990221874496108017261222445699397644687913215777"),
    .sha256,
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
      + "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
  ),
  (
    .p384,
    .init(
      x: "363587794084732840375676436163438305576658889914028694391193844012019024833904155875650614294793"
        + "16052157240268864531",
      y: "197141401773338424305368474727277118008551042795458066294848370436915323594878872908757379576292"
        + "02174335950650754848",
      secret: "165633447507370006704347764868491906433813654049219300105985744148307581218882259113410908143688"
        + "65334313953669606901"),
    .sha384,
    "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
      + "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"
  ),
  (
    .p521,
    .init(
      x: "527289887325416183352038603263212582040805099042785233403262577107383712647937075458553384194930"
        + "3898691579347587217756566381748347606781708996710934768526244",
      y: "981336682650441434433392812988969377633861760505881551958985841807005894970975628490028680616384"
        + "008883562991808313344385252341730921374456475975352693161205",
      secret: "336286826256894315806745909392467144843724112759210938874205331497521031969433343859636110191903"
        + "5834539345839203587202634055892988122978419130552329975641400"),
    .sha512,
    "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8"
      + "455CC91F9B15BF05EC36E377FA"
      + "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CC"
      + "B1DCCC43997F1EE0E44DA4A67A"
  ),
]

@Test func ecdsaOfTheStandard() throws {
  for (curve, numbers, hash, signature) in curves {
    let key = try AsymmetricKey(curve, ecdsa: numbers)
    #expect(key.kind == .ecdsa(curve))
    #expect(try key.ecdsaNumbers() == numbers)
    let digest = hash.digest(of: "sample".utf8)
    let flat = try bytes(signature)
    let der = try #require(ECDSASignature.der(sideBySide: flat))
    #expect(try ECDSASignature.sideBySide(der: der, curve: curve) == flat)
    #expect(try key.verify(der, of: digest, .ecdsa))
    #expect(try !key.verify(der, of: hash.digest(of: "simple".utf8), .ecdsa))
    let own = try key.sign(digest, .ecdsa)
    #expect(try key.verify(own, of: digest, .ecdsa))
    let publicKey = try AsymmetricKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo())
    #expect(!publicKey.hasPrivatePart && publicKey.hasSamePublicPart(as: key))
    #expect(try publicKey.verify(own, of: digest, .ecdsa))
    let again = try AsymmetricKey(pkcs8: key.pkcs8())
    #expect(try again.ecdsaNumbers() == numbers)
  }
}

@Test func numbersThatAreNoKeyAreRefused() throws {
  for (curve, numbers, _, _) in curves {
    var wrong = numbers
    wrong.secret = "1"
    #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(curve, ecdsa: wrong) }
    wrong = numbers
    wrong.y = numbers.x
    #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(curve, ecdsa: wrong) }
    wrong.y = "-1"
    #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(curve, ecdsa: wrong) }
    wrong.y = String(repeating: "9", count: 400)
    #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(curve, ecdsa: wrong) }
  }
  var numbers = rsaNumbers
  numbers.secret?.primes.append("3")
  #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(rsa: numbers) }
  numbers = rsaNumbers
  numbers.secret?.exponent = "3"
  #expect(throws: CryptographyError.malformedKey) { try AsymmetricKey(rsa: numbers) }
}

/// RFC 7515, appendix A.2: an RSA key and a signature with PKCS #1 v1.5 and SHA-256.
private let rsaNumbers = AsymmetricKey.RSANumbers(
  modulus: "204467029167446545625963433887588058600652096399601735050374533312702705187322450897737230120432"
    + "032360970956234020446901157553773452546964487596057077889658488895017468362112062706438336639499"
    + "925362469853626937363871851454247879222415857219929240456752293486555956264343900430028215127656"
    + "303977230280237925779351081858227536925742215669309378050311558200971468199649202700088113270362"
    + "867863927935931217624250488602118597634417704467037220158572506211078553986931332640811506974231"
    + "887514824184653084703139582507577585471556997491579859553793812949620588621590859150153693810469"
    + "59790476428631998204940879604226680285601",
  exponent: "65537",
  secret: .init(
    exponent: "235831098993961951017998626234993688292465202356621376511860643195556670050653891135693687913750"
      + "359738251591951563324248264331442319270412829659367296606181014931632061789402182278402640746140"
      + "338406535182197235078430096761014345948432406842767463968840591797744247280494307543919202610731"
      + "953211755754507908653798298798252239662669005735571815740349321655325526085777796562752916919582"
      + "762213977238976013057175483467867984218114225248961766503010944557397801270779301059273764049922"
      + "001508339242591487784784045727824640276095588337699995119982770628538347115064356141060578971088"
      + "3438795588594095047409018233862167884701",
    primes: [
      "157377055902447438395586165028960291914931973278777532798470200156035267537359239071829408411909"
        + "323208574959800537247728959718236884809685233284537349207654661530801859889389455120932077199406"
        + "250387226339056140578989122526711937239401762061949364440402067108084155200696015505170135950332"
        + "209194782224750221639",
      "129921752567406358990993347540064445018230073402482260994179328573323861908379211274626956543471"
        + "664997237185298964648133324343327052852264060322088122401124781249085873464824282666514908127141"
        + "915943024862618996371026577302203267804867959037802770797169483022132210859867700312376409633383"
        + "772189122488119155159",
    ]))
private let token =
  "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
  + "c19yb290Ijp0cnVlfQ"
private let tokenSignature =
  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
  + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
  + "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
  + "wlVmtVrBp0igcN_IoypGlUPQGe77Rw"

@Test func rsaSignaturesOfTheStandard() throws {
  let key = try AsymmetricKey(rsa: rsaNumbers)
  #expect(key.kind == .rsa(bits: 2048))
  let signature = try Base64.decode(tokenSignature, alphabet: .url, padded: false)
  let digest = HashFunction.sha256.digest(of: token.utf8)
  #expect(try key.sign(digest, .pkcs1(.sha256)) == signature)
  #expect(try key.verify(signature, of: digest, .pkcs1(.sha256)))
  #expect(try !key.verify(signature, of: digest, .pss(.sha256, .automatic)))
  let numbers = try key.rsaNumbers()
  #expect(numbers.modulus == rsaNumbers.modulus && numbers.secret?.exponent == rsaNumbers.secret?.exponent)
  #expect(numbers.secret?.primes == rsaNumbers.secret?.primes && numbers.secret?.remainders.count == 3)
}

@Test func saltsOfProbabilisticSignatures() throws {
  let key = try AsymmetricKey(rsa: rsaNumbers)
  for hash in HashFunction.allCases {
    let digest = hash.digest(of: "a release".utf8)
    let longest = key.longestSalt(hash)
    #expect(longest == 256 - hash.outputBytes - 2)
    let long = try key.sign(digest, .pss(hash, .automatic))
    let short = try key.sign(digest, .pss(hash, .hash))
    let none = try key.sign(digest, .pss(hash, .bytes(0)))
    for signature in [long, short, none] {
      #expect(try key.verify(signature, of: digest, .pss(hash, .automatic)))
    }
    #expect(try key.verify(long, of: digest, .pss(hash, .bytes(longest))))
    #expect(try key.verify(short, of: digest, .pss(hash, .bytes(hash.outputBytes))))
    #expect(try !key.verify(long, of: digest, .pss(hash, .hash)))
    #expect(try !key.verify(none, of: digest, .pss(hash, .bytes(1))))
    #expect(throws: CryptographyError.digestLength) { try key.sign(digest, .pss(hash, .bytes(longest + 1))) }
    #expect(throws: CryptographyError.digestLength) { try key.sign([1], .pss(hash, .automatic)) }
    #expect(throws: CryptographyError.digestLength) { try key.sign([1], .pkcs1(hash)) }
  }
  #expect(try key.verify(key.sign([1, 2, 3], .pkcs1(nil)), of: [1, 2, 3], .pkcs1(nil)))
}

@Test func rsaEncryptionComesBackAndWrongPaddingIsTold() throws {
  let key = try AsymmetricKey(rsa: rsaNumbers)
  for hash in [HashFunction.sha1, .sha224, .sha256, .sha384, .sha512] {
    for count in [0, 1, 256 - 2 * hash.outputBytes - 2] {
      let message = SecretBytes(copying: RandomSource.seeded(UInt64(count)).bytes(count))
      let sealed = try key.encrypt(message, .oaep(hash))
      #expect(try key.decrypt(sealed, .oaep(hash)) == message)
      #expect(throws: CryptographyError.notAuthentic) { try key.decrypt(Array(sealed.dropLast()), .oaep(hash)) }
    }
    let over = SecretBytes(copying: [UInt8](repeating: 1, count: 256 - 2 * hash.outputBytes - 1))
    #expect(throws: CryptographyError.messageLength) { try key.encrypt(over, .oaep(hash)) }
  }
  let message = SecretBytes(copying: Array("smtp pass".utf8))
  let sealed = try key.encrypt(message, .pkcs1)
  #expect(try key.decrypt(sealed, .pkcs1) == message)
  #expect(throws: CryptographyError.notAuthentic) { try key.decrypt(sealed, .oaep(.sha256)) }
  // One to any power is one, which is no padded block; what another padding made could look like one by chance.
  let one = [UInt8](repeating: 0, count: 255) + [1]
  #expect(throws: CryptographyError.notAuthentic) { try key.decrypt(one, .pkcs1) }
  let publicKey = try AsymmetricKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo())
  #expect(throws: CryptographyError.unsuitableKey) { try publicKey.decrypt(sealed, .pkcs1) }
  let other = try AsymmetricKey.generate(.ed25519)
  #expect(throws: CryptographyError.unsuitableKey) { try other.encrypt(message, .pkcs1) }
}

@Test func changedKeysAndSignaturesAreRefusedAndNothingWorse() throws {
  let random = RandomSource.seeded(7)
  let key = try AsymmetricKey.generate(.ecdsa(.p256))
  let secret = try key.pkcs8().withBytes { Array($0) }
  let open = try key.subjectPublicKeyInfo()
  let digest = HashFunction.sha256.digest(of: "x".utf8)
  let signature = try key.sign(digest, .ecdsa)
  for _ in 0..<500 {
    func changed(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      bytes[Int(random.below(UInt64(bytes.count)))] ^= UInt8(truncatingIfNeeded: 1 + random.below(255))
      return Array(bytes.prefix(Int(1 + random.below(UInt64(bytes.count)))))
    }
    _ = try? AsymmetricKey(pkcs8: SecretBytes(copying: changed(secret)))
    _ = try? AsymmetricKey(subjectPublicKeyInfo: changed(open))
    _ = try? CertificateFacts(der: changed(open))
    let wrong = changed(signature)
    #expect(try !key.verify(wrong, of: digest, .ecdsa))
    _ = try? ECDSASignature.check(der: wrong)
    _ = try? ECDSASignature.sideBySide(der: wrong, curve: .p256)
  }
  #expect(throws: ECDSASignature.Malformed.structure) { try ECDSASignature.check(der: [0, 0, 0]) }
  #expect(throws: ECDSASignature.Malformed.extraData) { try ECDSASignature.check(der: signature + [0]) }
}

@Test func requestsCarryTheTemplatesAttributesAndTheKey() throws {
  let first = try AsymmetricKey.generate(.ecdsa(.p384))
  let second = try AsymmetricKey.generate(.ed25519)
  let template = try CertificateRequest.make(template: nil, key: first)
  let request = try CertificateRequest.make(template: template, key: second)
  try CertificateRequest.check(request)
  let needle = try second.rawPublicKey()
  #expect((0...request.count - 32).contains { Array(request[$0..<$0 + 32]) == needle })
  #expect(throws: CryptographyError.malformedKey) { try CertificateRequest.make(template: [1, 2], key: second) }
  let publicKey = try AsymmetricKey(ed25519Public: needle)
  #expect(throws: CryptographyError.unsuitableKey) { try CertificateRequest.make(template: nil, key: publicKey) }
}
