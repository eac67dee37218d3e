"""The Kubernetes control plane of a sandbox instance: real servers, simulated nodes, jobs that really run."""
