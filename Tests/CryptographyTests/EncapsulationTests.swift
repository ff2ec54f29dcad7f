import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private func isAvailable() -> Bool { AsymmetricKey.Kind.mlKEM(.mlKEM768).isAvailable }

/// Keys: the examples of draft-ietf-lamps-kyber-certificates (appendix C), private keys as seeds alone, and of the public
/// keys that go with them the SHA-256 of the SubjectPublicKeyInfo. Secrets: C2SP's test vectors (CCTV, ML-KEM/strcmp): a
/// private key in full, an encapsulation that differs from a right one only after a zero byte, and the secret that
/// stands in for the right one.
private struct Published {
  let parameters: AsymmetricKey.EncapsulationParameters
  let seedAlone: String
  let publicDigest: String
  let expanded: String
  let encapsulation: String
  let secret: String

  /// PKCS #8 with the expanded key alone (the same draft, section 6).
  func expandedKey() throws -> AsymmetricKey {
    func measured(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
      [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }
    let set: UInt8 = parameters == .mlKEM768 ? 2 : 3
    let algorithm: [UInt8] = [0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, set]
    let key = try measured(0x04, measured(0x04, Base64.decode(expanded)))
    return try AsymmetricKey(pkcs8: SecretBytes(copying: measured(0x30, [0x02, 0x01, 0x00] + algorithm + key)))
  }
}

private let published = [
  Published(
    parameters: .mlKEM768,
    seedAlone: "MFQCAQAwCwYJYIZIAWUDBAQCBEKAQAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEi"
      + "IyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    publicDigest: "c23e23dd3d485a9256cda09358a4a286e00b373db10761eadf99f710649ca31c",
    expanded: """
      jGW4U6a9yqiWYQa9Kfeu4uOG77WgsMZgVWJXe8qx7zMP0EYl6GoZV0CFhtoScpGrniRftSsETSogG1wNudgGzDmsmBmqZvWdtcgWwqwNDiqEYT\
      CrAXhrsORZxmd2kxEkL0mi25YiMSijPwW08oKR33xBS2WbI1Q4XTA2MkwQDEmvdePDk6G4QNgIT8Kv3NE0NSlUr4yflXB8rLa1jIgdFFaCtHci\
      EwYaNbFc/npiCnG81IoR5fW0MKs6g1BAemVGQiCf4AUxkYcIHENIJsVN0ZR+SuGmXVqRixexZycZICg/Rzi6O6dCVyfIj4e1uRk9YbrKhpR7jC\
      tlq2Ge3/U2TFirk2PMvxfM+kQGkOMNtKywTLemdrq9pIEiKDxW/CZ7RMDD1KyeBLeUQvIWchp3GGEngYAbDpCc0qOynbu3cLWPB8O+M/G05YhX\
      yNhY9yJ63XQchdo/IFJB8udAVNVA65gN/GtgUQJCl7p1Gqu/OkS0mdGxFvav9lxZqnlOMdS7QHq9kEBVGYJx6kkJ9Qs8rYfGXeCez+QDmMGVJI\
      Yz0iCGfLAaUDRDjPYE1APA0vWTYDCkr+yUzBe7AJtAqgnD8vo3EYEdbxcJcUNHvwWihDSmztxbqgBy4lPKcjA1etlxW5E5z8tGeTVEwJUgQdS0\
      HxBcV4o94YOh8Ak+4vBwcNGAcwogOJmoEQEheGLPuOOVQ2hYRpWvw3qdUpAeZvuYFFVxBFa4GWub1nd2LAITktCGXutkDxU5z2yhoIp+UgRnaz\
      EawTkoQxk9/KuT+NF8c1C+6xkAUYpNsyJHZtLLH/QsvhiQVcREnpfOO9KoDnRaV0AhxyI0zIe0mRgCQnwM5sWclQIYyWyjQJQUJnwAa4t8vdSd\
      wnEN2yRvBiB7Wam+4RGNGON54kWMRNZLl4ttlJcqF3oXu+sghcaDxAlbkXa2HopvPeJRraMH9GxW7zp9IrR3Yzo/H9Ut+pkE9hsCZBhMDySBbM\
      MzmwoNEYKr2XKtd3KaTVAW8QG61MArRLHByRK7L5Y++3iKozbEkVGPCfQLcuqCkjKCUvGG0HGcujqFKKgFnFdM+HQxP0pB72OuTNYwuot0hbDO\
      OziY5iuefLm+WkwMdJGWkqiZb0oJ+VoOhTcyVSfHXfa5s2fBTGhngXoZxGihTacoudxPKHc2nHsQzFly1xgQ03GareBvGHUzZ0xAJrdntvdWEQ\
      J8qIaBFiEelTwArEAfWUCh8XsKyMFFDgLFgOd6LyOjrLEbjlMpWlRr9fQPh/rGpCuyAO0KBTyJVWBQ4hxl9ykPaLJnA4HMBtiv9DyWLRIph8Cr\
      V5NN/BZ+yOsHVGiR7rqrRCcJeVi9GcpWUPQrrFiQ94FUD3kFAeY2htccgvTJunOZdPoIhqtOMlZzs6FBP1qmOHCyLQUlloQcu4mlnFgIewkgjY\
      dtlYfEksJovIASn4YLyeIhigYNKZNCzESyXSa3cmoaItjGV9WCFiwrmaQbFmakhwuI8DK6CTGFlsu7m4cRYitDb2hQhzRTK3C6QUtv+vaV6+jB\
      4SAhXequQ4oqvBg8xQy+OXpcAL0UmNoyS5oVmjCVeuMoNXgcUnQ9codshgwdzON+DAyP88KzastS/6th27QMvkt6fnVaEtAa57lRKfUM19SU4p\
      CRPTABP5mkoVwvzFoD4XAuhXWTfPdSw4MRUMlbUdNnagjAcMRU7/k8N5R7FLxWRZS+cVp96pYMAlDLTSGQNlVslPLMpxkdsDxEOXAznZLKvGYB\
      z7MefUapSZSvi9t5DkaLeUkaI3vDl/cAABgSmYKPFkeZxyJQAPpqtUKi2jAdfgoQX4CIbwx58aS/haCjPSGsEwCNJZzApUUgxItDivw7KDeZdc\
      GLQOCyi6YidnSCCZC6xPPJnxxJMsWc/nJr+7lnpyJ86aAMzpsGRyZNc9XJNRYRCFSbVjbK7jy2ykcTahJTcpGNi8wplPI93BZGlIsojLVwe0k0\
      0ozHGdCpizI9BaWkRLu0fuCaqKDPHnturhS1dAmHy2Kcr7dBRHJ9IaIw7UVtjtQfEeq9I2I7UbUgqugKCAe6qruj+nVanhKpK+dxXHyYrGUnue\
      GnTCCr4ZZsD5wghokuPhcsI8qdY+c+jAhfKFLBLmpHW3IYhkqNpVA5QKGVtbYhzghbP3o5j5nP4Qof1FF4pJcpZAJPXyJCsNYMU7sG+Nsw6AZS\
      m3hsGlcSQcVd4BFOTyonCQMhsuWwv1yVsmEbN5AlscpmS9SrHIYEnvwjbiuQPnzIDBdRq5RvPsABqFeSaiYE5aw+AxaRLtVgawi/qegsteVKbT\
      pJeOHDKDOgyPAQKrkW1JeahAQy33ABksue+jCWq8RGrpOEMidvfTsSI3zAZzh9TTGg2BCb0qUcadighAs47EdNhAUDghmWmFlUD5OBVoAucpqa\
      czU3jPEP/TOJVtu9anOA2DdrcjkmDjuPnzdpxyDH4Zaexwl7GHRttnTA6nJOVEOQmote1KXJpBjM+TdjSvwG/rgyNnuMDUQTV3G8FBB/KliYFg\
      d1Nqps8ls8EblpvPp4JwynSho4wDVm+4eBByIna2kbj1G7kxhGYrhoqRWZRXcdQKI8dQghxeVTDtak3zjOJzgUSIk8zpko9naR6ntwXep7Fcib\
      nQoZOAmHwiBGoaYt+UgNZ5Cz/0gjhRFzwzMOkujBCwIbEqMdNvKVPKnBpsUQeZY09jeDeuEufFK0NdqsLPRRVWgJvjUEwbGR0Laq2VAiWKFUHE\
      yVmGt8KgqiLQsYA1CuynyEDSmP8bWbl0uBbrOPyqe4BeBxZ+NMJSNmWMVmJPAwc0FNbHlLJLGZhcEjrseqAXwZICiUkFoR1ISoKZVTgtmSUGMz\
      lmwUKAmL5OyXAmgYBdJhk6uTXZB3FTt7UgEtOOUi2MGx8jowFGKdttbHR0Sb9UEv7cAVI2o+oAO9nFKW1nVH7EwcEHFm9QJj34kMUxCI6dVX6O\
      YrNzwh0McksfcywdwgKjTGrjQgh5QsgDSkVxe8cJIMqxhTVSQy1DCwAhpR0INIdrpSIFWYphNyxtSKGOhB9tsZ61ulf4YIfDUOrjUdS6OGePyU\
      IMsI4thitCT/LVYJj9UIkLhdETDJexVV7X6+zm2sbSqyKEa7qzqaGemPaXzG4IJjZBaJ274cOhQF0Q7jjnk/8sdW3zQyK/aFO9WGfzKYCXSCSz\
      4N+JtCN4ge
      """,
    encapsulation: """
      AMd7rwqMimY3aHMTnL2Ut6Uo76tHRQGhAZ0GX/yoZBNhJRr3/jYaHBzSVwrGT2f6NzeYKKgl/8XXUESt/shoGGUrMVfL/vgLy21wyrwW4LjetO\
      b5ksg3NJByUYkRj8DfU6JFMYlqSoc+VfmUu55oXZjzjQ5rDhPBPDwvv5GdteqsMRSaeNg1qDtcASJhB0a6ZYfdVOJTg/GcAZurHD9Dk4Aa5HI2\
      da0kie8ONA7Rmc5YaNsYqAXrdQxJ5xWCa2tMAX9QuCmpdrx67GZmY85i8THg/Vxwh/ZjJjCId/SVCIX4B/RnRbHwA/fXTAjGOMKTyrui7dLB4g\
      BKeRVXZBqHrskywOVGFchZBl+gvnz8v+pmlVMxF4dMVZOfw8kZ1TJu7E+tlaryoBxmMS4101NpAF2YVgvXp3Y9sFEczY9yrlmo8IkBZ7uEKKKS\
      i0qFBWHLhYjWKcjdeJ0HXBuT5qbQ9HRRWiDa/VVYi2blBn+h9m34NRtPWJ3QEVvQe4xNes8Yav11h52P+75VWVnfbirg1cXQ+SKkQ5+SVdUkxT\
      kG0Jl6ffelf3nnc2PKXC342yw0j9fyt1pcdxT2NNkCBg4mCkZ3VExFL56Q9MVimnrbIwrqcXbfHWdpC8x950WA19twcoTfw3FJi7fgFnlm8a/J\
      essZXASiYiVV4TgBaz7PCFyg8+dfhEIWj/XJeZjLn2iUTRDvusLpWRuJF5oaBFzHGdLGIWI5N2IT1OEoQpXlJMlS/hqneHtHO4LerZHdS3JNqC\
      J14op2O03gb+6bGo6rOWcDPNn8JN/poSQ2LemI6uc2mAHZM5Am5f2VgYPq8hc86bz/rrK0LFvQlsL/hqGIZYCf8tScf8lCoWdfztSWFjfJl/Jz\
      eN2rlJ5Uj2kvDwF5txTRocNreYwac6+INVPJ0Eh45ZJ+EwNqHUSDf7fVM6Jq70KcQGJagT6/oEHEilWC525ciUzO/c/asYZupk+77c0wnNz/hH\
      fQ/wDTQpMOiKY5MJnxZWWeTpDNFWVDAnvlE5PffN36+WW8iGPClbmmrwQ+nqcWZEP9Ytg3UorMpvG5gwN6atj1H08fR/gDSCPNZ5VlzNWc/EKA\
      kv/Sx7yI1BT2qeO3Hp+K4rUVGlQkW1+J+O+EHhi4exsgXMi7EkfU8AEZ8/o10x9iueTvsIeBytzeSJiVvPKUR8z52iFCpSqHCePkbeOHsn0Nl0\
      twjY3mS9GGMJhZUIjYj3VzON90TFSfTuhPPYd8RhSX1d0B76DbxGoeglUAH1AFH0prSnt+Cm2rUPWe34nvEcFOjvCaSIznKI4s2jmw82pbAENi\
      5aroMxdXhaNGNHDJgqb5laCOCvrWUiXj632i089Pz+Jf3b9niIIwhm/rbrX3wYs4FYvN2U2NZW5/z55FrCO46e1Wy1OXhY4phWxcfuTLRAw8ku\
      UrRVvCRm8tDfjyMSYM5zM=
      """,
    secret: "3776199a4a9dc4c731891e6b45da7b9324972df6f6cf61c99699f60e374bb561"),
  Published(
    parameters: .mlKEM1024,
    seedAlone: "MFQCAQAwCwYJYIZIAWUDBAQDBEKAQAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEi"
      + "IyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    publicDigest: "d2b7480ae006a14b37c1e8a8e45ea39022e32a9b1a7b90d594c84d869c6ac420",
    expanded: """
      UPJwopixZudwqNuKI+Jcr1ED3eShZlAuL3PGjuhuE5FfEgEhbJFFIIcLmHwUDpZmI5t0IxQta8ATvpVtVae53pA5FJe+ZGgR1TMC1Oe2E2Mfks\
      cnfwmsaSuGfHFxGKRcNLKI/zWBMyc0P2SSSHAcwVJXUAtNB+O4ZXAHR+xS0QW9qUrI5ZWfVbQFxNaHcRFDIJhajxhF0JANWUU/7HS0YNlDHYAX\
      +QEBY6O7dYt5harA84tX62gqYDVuRZWAW5kTLsEjA6ShopiNKdMXGwrFkUQNfZUbwsS6sYwywgw5TqAdB5dOj6FmxSkyy1YXAjcZRVGwiqJGsv\
      iKmZmyfHVS+MiakRQZ8sAirEoMt+IMYcpD+PAzGYEAMJAsPouag0WhF+t+KkZDN6gnCdcxQ4F6yeE8KHG0kZg6uFuB0ah0yJSpUgdJ/rMM0hMI\
      tfBORph0SrhTpAl48QtxzCuCGnCsvLSecDWiNEe3gNNp7ec53ToVhOCTooOfBKpgTOdG3rcO2QBc2jdP2nyKBtGcPjRWRIIlHvZ9XClRcvkXiB\
      EBTZguwlrJIVItGjSBYeQVZ1EHbeDJgPvMWclau6QJyiUz0zcPeaKioyNHnXgpKSttjApYNFSQWnN2KLRKt/PAkYS4E3htF7bISsc4cvGvweeH\
      s1QW1butiBtqWVRtpGecOCuj+sGP5Gluafx+o0aHSfsu9FFTpUNh3wWvMPOWhmRa1zQsDxMuR6Uso6U5QyErv1tb9nFWWJs+mnsyJ2tGqwwpY1\
      U39zd4nQTFpCgGDAsNhubFgjc1h3Aq/eiNeyEPrdplkpPObpow/KObk4NDG+GeZKt63MK+3PZyVCu/ExN/guekt5m4obtQvpmyHIJXj6hGWudY\
      TQsHK7nD7GI0AEcMSMYFnXohFMAi4jW3ijPEkfyV1DWeTvQcHKAqUICGecBapseoiJd8+4lQsjWX5jmFiHlOHelWzbtpyyEUg9rJfSASdJjBIt\
      JgGjCRjydjMqqWUoMtOuPEuXw1k0MwdKmegZN4GZm+94iO51QyjosOdctDoFwtiesqyYBgxoSxLegkqvR1gBSAvFdRUIZu7tZJJLODyxhFbiZe\
      eNkyFyRFy4MVwEdBC8pSndhdpWZr8Jiw+VSuBBaa+eYuZSUF9SJzs7gKJRoNGKZ1+4M+0WSe7fui4ZM/a4AS01SiupVzNZDE2gOWkcZrk/TPEX\
      PJw5p96vmEUpx//0F1peISjdp9pNFRKtph6MtIroYJCIAcz2MezDbBYVRazyHBbvtkHGzI9DugC7XFN7WfJ3IR4ZNRMfgNC5lPLjCypzmIhDNd\
      p/gcfdRnnBIYUXlT1SxisdpKXXch1soDUkCyIPADyaM0FeZSE0dgZ/Qz77c0f2KwV2TMOlA8GSBZOlHKqKseBTSPfmAsdyuSKXpdiZYA5olBRn\
      ZTEsuDpYhN7ko3SJic+zxxNyeojSYFYKmoc+tvTSgxeeMFNhgS3bODcdpGgOZqRJQZKotGX5OHoQa65fZmBENw9fs2cPi75ficWGWNhxQ/CNEO\
      bymOpBqedMxDwgK7+hwZlqCnIwvCbZI4glYRnAOwBzyLF8gCrhW+qds1FqAPv9CUikNLxqPPPUbG3ZVZHaRWr+iaMQp4OTcyQ6G9+Ge24JI1Pq\
      sbqUwzhGaOIlFiARBxnNeAzMQah6N7MOuZpHdDmhmjg7IAfwQDb0KTXAKMHKUXEiVxcEwvQYqSh+Zw2yES5MCSViaZbZc11/gVbVAnX0DDW/AF\
      tkat/IQtjxdehWK6sktM0Np5QcoOIwgzxnoFWNmmk2SS7rS7gla/6sZ2qGd2CRWt5ot+cZMhx8COD7KSMNuNZ2LA4HEZ7OlfGlksrVVxhdcbl9\
      cXCNKzzZdRzryOURbK6YWKbUGdHoOoh9I4b/VW3Sg/JGZN+fJ+EOm05NC0p1PLJ8rFbWW7tuubzXS6lxxrnfo/g6IRyCKiQdkuLAePfAIpI1BY\
      D8gZgJyduqscL6RIOBUhnsuXvuwfV6pRkYxhk8OwdWdgJvSJngQbRFBPH0U/1Nk+JVR+mluYgRk6RQNsUAJAndkCsjgsekYtZHqpJMQwA3N/re\
      EgBrsTe4m8uUgBQLZ67uecThJWwbefJwHQjxhiVtSQbMFzJXw/E5MvqMtM5KGeMWEh6bMVjUqrGauMdMIFk7gctMs33KlDYyyvTSpXJIi8mkx1\
      Z0PJ9MMZSek838C7GLEhWXs6KNkIq1hH9XGwc9N2nAwVdcYJ2XF995mkF3HJEKJACKdUAZVM1Kc+JgG6hcc73+BEfcdb4+ZNLVVLbTChAKa8c/\
      ZigyUgm7WqshsdeJVGGYYrnlpqbsgDCwk2A6x9JpRTkzUvthHInpNvMPlzhCV4vMYXzGMB7nZHJ4h1W9aJTZx/XdezsiGD84C9K3Av1XZteMhl\
      TgQJuWBiXtm5eJSvJWVtcVq/8rA7welAh/SDe9Z+aIISbdpx77jIHDyLVzyc34OHutENjms9BuwxgiXPDKgKIdMgLgok4EFgneKiIlSVjoRIHu\
      l2SLN7FilU4NS7u9cNDvycV2BS4VMU/JMPe9q1u7JGmixkclsMIwtba3JteCVFzfzM4Nx6GoChGFUfIUVtUoqPV0iBWwAOK8ZeYzqp0yZ+rQde\
      y0dAX5B9xIW6udbJa4jELLxjKShOQ4F+N0e4imKJO1uQC9A5eYe/PSleZyQ5k7RIvPZRtlJn3mnEXOiKKDdy1SAVeuaNZjEXptuGAgMM6qiqEt\
      BwmlkdhGYsYvi3qAh0/aoLpMOYPIYeWPQSS4CLF/uB01xPGtPG2dZnpNQ9sLh/9ivDYGRnGUSWBJR8GLyKr2wga6p7whQplQYhgUy4eKcjZ3i8\
      VccTUcCDBdDIrPq3AlCCkZW0Uwcrf+B7WEpqkpsNWaspFUQ/wTW7+sCyXgBaPhpujGGRECZRYKirHgLPM5x7g4vFUTkLPcS/8Kp9JOojqoepZ3\
      vJTbhDv8wTQdNEj9WgzROsRuqqOjzOTBdSSTwlmXx2CcxEoUFfF9ZLkikqeMlTv7io6Wx7VIsDmPCnXtlviCRREHQ+7EA9L3CxQYc/bZGuuUxS\
      vPpPgnt3SXRqz4a26TdU8Ic2lFo7k2uqyxMacncWgSBykefGGrSqEyUoueFs91STwVyytmKISJhIqitqCXg9cAkb3zNp4yhYdhAhIhGy9cmcza\
      wRUKd7EIgKkLkkuTJj4HCABLEJKDOPDYcuGsd90ViS/lpET6VvE/WElBuGHrtGh0oN5SVQRdMX3pa5A2ZXL0c11DY2CHg7RvdG/cRLZdC3ZRV7\
      xlhbueYOBFEPatBD3QWMaxamCqxUP7wPJNFrA4AKy2RS3tauEbEnMhCmeRR4rglbG2Fv84oho8ZWy6lHBxZ+tIYtAvueuLw63YCcvfwo0DZce8\
      yiGKi4kSx3rGxB/8YFAD0y2FqXPtG0SgNNLKUATBYaIdKvg5cjE5IHKMglkefBFwZDzku8Ccqx9eStLfW5lOSINdac5kYnvArMfKCdQilnPDmA\
      Y6tp9pe8hSIbMJK5FMKPF0RA3Hg9emSF3wp5WUc+BXfH4iDP/PgPDAk+TeS6nvcVBKeC9GM1JsGBx+wtKmp7e2immSkbFVCQKYOq+fB6pEuTbR\
      JdoAWnqufGWGoLHpV9F0JnTAcFGaNEGtAcaquzAwG0D/kOuGI63nSSDgKLQIy+/smH1EEa7lWUXuEAt7HPlkgC0Vxd3ahOC7uKIUCUEua1Z0Az\
      QsdEftk1QmFQXXykozFVH0Obu2BtqKZs6RYHpTgcena04uXNppN/bRkRvbE9W3YiPVYpKlpU0CHAcqAMxPmvkmg9SpA5PpNWqdgHn8t/lxRxCm\
      fOmxTKkSRr+bkQgkk5+0y8S0tLowl1ykQ+iUA1OlERzlAWC+oc/EipZHy3ksOG5Lkj0DF/txdg+aESe9JMtJlAyag8a3UAkrZ6X7sgqou4Jgh8\
      2KZjPVDGLxdys6wJNIlO+kuwLZnOlLIYlZYl5DAglxRgMRsQ+xlm/RHJhmYBKACyc9BKE/O6+JrEWndX5qN1iXA1lfpWG2EUxewBiaxyMuGJty\
      uKvslNxRUi1zV2SKK9KsE/wwKQZmR8mJU3wWQra6sYNb70kejWFoGUVqgQWibwiRdpiVENT5p+DmbmJ4XANVB2fpGB0353Hm62QqKlHMRYE48W\
      P8kWCXpEHI61lixKc7iwllwzraKeOzldcAfyfijJtxLv
      """,
    encapsulation: """
      AIQVg8FmViuoEta3yM8zcw5+j5CuMC8uIB5+tPsSOCQn7A6ai2tTAiXigCUU10mK/EAZift6eDRmWs53tDf+Enpy3mHxeKVtT0IXeDD9WQH8wg\
      oRH4+8R5PMu6y9TVQvqXudReRMyWkrCo2IDL+ULrv/3fVZTqYaZFHK9n08YcitAAa82Vy7CZI2eRNJA+rfPH9Dbyx+XykKeMCJ7+AEWBHNeyJC\
      sOwXYUydSrPl78BkOI0OGVJSrgoPj+5N5/h1d2PKKCIk873ugI17AEeJoVRvaHyhfKvTid6UQm65XawmDxjKdKYGuPFX4zUt9O0gjopXY4k8rn\
      zvChosn4DMZupqYi1+tRGEIoUvYqHLoSf1PWqHpdkFUrQ83ER9bFrGExELdtVdXTBQNWnSXV2Q/aVSUJCAzma4AH4efo2ghK4d3hq2GIh7UQDo\
      9BMOR5RiviIh4/+FCVhSY2RpMjTmyB7OO2kauf/J3gByl9jTUIl74iFJRHu1fAm/lFqyCd4qyG4z5ZaRG5B0uDKCLzST2nqPy4fzEzJKQ01dHj\
      +b2jrpbDVjcUctu+q5MdOM7lI6rSBmT1Ms9sEQ3qbsRed6We/KehknXjF2wtr2X3572IY4IVHgXytfiKCoQs+Ko+jM/DfGDhsJM0KGPjpWSEpI\
      rVSlR+pnK/Ym1odTCr1dRBqHldIW+mSUBclg4Ifry4qVpZU5t+s6D3r6AWut3w5B1N7+8EkFG7jkAKR+8cxLKndR5ZFueT8vZqUf8XwplzqFMG\
      RTybY0LK3jZwlXQKbbkbQM64AVwgrbUC4YjPNwbjSm3e6PUdg2oLzqYV+YKbNJxMt1I6PrHJ15p3J6EAVn1aMDWI/hlRICVsRz81sFAuJO3Qe1\
      Nx7VUA6PZxL44fiQtcz5MsioshPxwldMPYm9/NaOTm4u/OZS/gC++jQ9/9LHSNcryr2YqU2KBzLMfU1/8bDVdldHllGGrXDjwK3Ys3upRbSIT1\
      zCLvokYxgbJvsNRkYdpKEUVEPgXwtC9TlyEtqYWZabZn99Zxu/SYj9sKCJnPsExid7TvU0/Y07XVJIsRyyayrkAebY9GybSHakbWJN9Ww8ovoK\
      bb/m61q9BABHFJKtnqPOQM+ESPjQBxZIbvwIMq9N2S+lTnBCt+MHmlG8lf6lodMjRH14LqHIxtG+7eGrBWdmiGc6L0K22zEyXNOqPHBlgH09ub\
      aYYDW3gReprnnAS1wfSL9sKEcZotrPg/XZlTRBrqsUJ0DTC/E88JY9Tk+9efOwDkF/0Eoxd/9XGm17E7KZWcnDgo+V56vOc04KS4SA8Xnaq6SJ\
      5AU9Pfsbb/LmiqTA29uP/aGo1EhCkk/79YMzX/t/p8PnZ7H2YziqSeFAyH8PciMS2Y7TqTsymtFiP9B4kV1EO3+5B9MzqF2ftLpL5wqMnkAxvE\
      NeTu8yjGqO61LnyGdPXE3wd3wQVxrKIgCDqZiRquqnA96S/ug27GIRz8NeEjoFpeVz6bt1lNUxYJb7qQ4+b1P2oXosLYnnXIJFvIbO9UY9p9nh\
      AWt0nMXOsxn3cMLpkETdBqT1Rcx84z2/qQiIYRoV3c0VDyDcA6Aiq88rsDIHz+9WYLxIqvGmNONqDV2Wte3e2TxnqKiNnuV9g6lJ5FXYtEQhlc\
      tHD65kT7kqscTBvAID1zN8Q9mLY99s2wqKADp7Ic/fATAmoK0ZJIjBwGkIfL/eezKOPOYjCe+WbveIj3oJtiq7TCFJyh1HEYcKsndb7q9g4Txi\
      D0kWejpygrtEUYce9rqR2HcRU9BpFpwi0XCgP/rM9Hce4rgLiTM8/M7XJx4M6+jJKAey4T2qAR0HB4A1HTA6AmdyRWRLP/iTUoL2DR82HIytsU\
      D/C+TIgYDANmN42wmxBJ01azcUffeuumergaJjnb9pWtwof8T5r2r7zR0ZLDNBaMPUe/RxwK1oXwzgQKxUivi1jtK2ylwanGOvbgOJ6XDdn9Ce\
      5IR2/NfLOnW+NIGrBVjUT3Ei21dd7NkH6bS0CCbGo5lnK91JOXk8lcO2l6ybX0+r/npINQT1i5v3IXpN5I/k/x57PzQnO+Jp6uZ7P5/c3uSD9I\
      w=
      """,
    secret: "92ae6010b30669d2dec5d2774979765103889a9cfa3e2812bb3543762ea4df43"),
]

@Suite(.enabled(if: isAvailable())) struct EncapsulationTests {
  @Test func publishedKeys() throws {
    for vector in published {
      let key = try AsymmetricKey(pkcs8: SecretBytes(copying: Base64.decode(vector.seedAlone)))
      #expect(key.kind == .mlKEM(vector.parameters) && key.hasPrivatePart)
      #expect(Hex.encode(HashFunction.sha256.digest(of: try key.subjectPublicKeyInfo())) == vector.publicDigest)
      #expect(try AsymmetricKey(pkcs8: key.pkcs8()).hasSamePublicPart(as: key))
    }
  }

  @Test func publishedSecrets() throws {
    for vector in published {
      let key = try vector.expandedKey()
      #expect(key.kind == .mlKEM(vector.parameters))
      let encapsulation = try Base64.decode(vector.encapsulation)
      #expect(encapsulation.count == vector.parameters.encapsulationBytes)
      #expect(try key.decapsulate(encapsulation).withBytes { Hex.encode(Array($0)) } == vector.secret)
    }
  }

  @Test(arguments: AsymmetricKey.EncapsulationParameters.allCases)
  func onlyTheOwnerLearnsTheSecret(_ parameters: AsymmetricKey.EncapsulationParameters) throws {
    let key = try AsymmetricKey.generate(.mlKEM(parameters))
    let publicKey = try AsymmetricKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo())
    #expect(publicKey.kind == key.kind && !publicKey.hasPrivatePart)
    let (secret, encapsulation) = try publicKey.encapsulate()
    #expect(try key.decapsulate(encapsulation) == secret)
    #expect(try publicKey.encapsulate().secret != secret)
    for place in [0, encapsulation.count / 2, encapsulation.count - 1] {
      var changed = encapsulation
      changed[place] ^= 1
      #expect(try key.decapsulate(changed) != secret)
    }
    #expect(try AsymmetricKey.generate(.mlKEM(parameters)).decapsulate(encapsulation) != secret)
    #expect(throws: CryptographyError.unsuitableKey) { try publicKey.decapsulate(encapsulation) }
    for wrong in [[], Array(encapsulation.dropLast()), encapsulation + [0]] {
      #expect(throws: CryptographyError.messageLength) { try key.decapsulate(wrong) }
    }
    #expect(throws: CryptographyError.unsuitableKey) { try key.sign([1], .mlDSA) }
    #expect(throws: CryptographyError.unsuitableKey) { try key.encrypt(SecretBytes(copying: [1]), .oaep(.sha256)) }
  }

  @Test func otherKeysTellNoSecrets() throws {
    let key = try AsymmetricKey.generate(.ecdsa(.p256))
    #expect(throws: CryptographyError.unsuitableKey) { try key.encapsulate() }
    #expect(throws: CryptographyError.unsuitableKey) { try key.decapsulate([UInt8](repeating: 0, count: 1088)) }
  }
}
