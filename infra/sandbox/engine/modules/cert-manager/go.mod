// cert-manager: no program of it is built, only its CRD files are taken, so `go mod tidy` would drop the line.
module tenantry.invalid/engine/cert-manager

go 1.25.8

require github.com/cert-manager/cert-manager v1.19.0
