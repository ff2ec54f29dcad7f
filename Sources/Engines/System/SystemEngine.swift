package import EngineAPI
internal import Kernel

/// The server's own face below `sys/`. A folder per topic, each with its routes.
package struct SystemEngine: Engine {
  package static let type = EngineType(
    name: "system", mountClass: .secret, version: "v1.0.0+builtin", isSingleton: true,
    make: { _ in MountedEngine(SystemEngine()) })

  /// In the order in which they are tried: what load balancers ask most comes first.
  package static let routes: [Route<SystemEngine>] = [
    healthRoutes,
    sealRoutes,
    initializationRoutes,
    keyRoutes,
    rootGenerationRoutes,
    rekeyRoutes,
    clusterRoutes,
    raftRoutes,
    mountRoutes,
    authMountRoutes,
    remountRoutes,
    leaseRoutes,
    policyRoutes,
    passwordPolicyRoutes,
    explanationRoutes,
    capabilityRoutes,
    lockedUserRoutes,
    auditRoutes,
    wrappingRoutes,
    mfaRoutes,
    toolRoutes,
    interfaceRoutes,
    specificationRoutes,
    configurationRoutes,
    monitoringRoutes,
    hostRoutes,
    profileRoutes,
    catalogRoutes,
    rawStorageRoutes,
    quotaRoutes,
    counterRoutes,
    inspectionRoutes,
  ].flatMap { $0 }
}
