"""The `aws` on the sandbox's `PATH`: the few commands that people and kubeconfigs call, with the real CLI's options."""
