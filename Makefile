.DEFAULT_GOAL := help
.PHONY: help setup demo test image sbom
NODE := node_modules/.bin/node
export BACKEND CONFIG POLICY ONCE STS SUITE

help:
	@echo 'make demo                                  Envoy, Waxseal and a sample backend, shown at work'
	@echo 'ONCE=1 make demo                           the same, then stop'
	@echo 'STS=1 make demo                            with a token service and a backend that demands its tokens (Java)'
	@echo 'make demo BACKEND=host:port CONFIG=folder  in front of your own service (and POLICY=namespace/name)'
	@echo 'make test                                  everything that is tested'
	@echo 'make test SUITE=unit                       one of: static unit e2e interop cluster'
	@echo 'make image IMAGE=name:tag                  the container image (needs docker)'
	@echo 'make sbom                                  what is in it, in CycloneDX, on stdout'

setup:
	@scripts/setup test

demo:
	@scripts/setup demo
	@exec $(NODE) examples/demo/main.ts

test:
	@scripts/setup test
	@exec $(NODE) test/run.ts

IMAGE ?= waxseal:0.1.0
image:
	@docker build --tag '$(IMAGE)' .

sbom:
	@npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx
