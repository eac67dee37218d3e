// The Secrets Store CSI driver: only its CRD files are taken, so `go mod tidy` would drop the line.
module tenantry.invalid/engine/secrets-store

go 1.25.8

require sigs.k8s.io/secrets-store-csi-driver v1.5.3
