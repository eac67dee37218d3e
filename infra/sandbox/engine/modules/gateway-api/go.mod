// The Gateway API: no program of it is built, only its CRD files are taken, so `go mod tidy` would drop the line.
module tenantry.invalid/engine/gateway-api

go 1.25.8

require sigs.k8s.io/gateway-api v1.4.0
