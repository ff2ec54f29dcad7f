internal import Kernel
internal import Primitives
internal import ShamirSeal

enum SealParts {
  static let shamir = SealKind.shares(type: "shamir") { key in
    let seal = ShamirSeal(random: .system)
    seal.use(key)
    return seal
  }
}
