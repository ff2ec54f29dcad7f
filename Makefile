# What people do with this tree. `make` alone lists it.

SHELL := /bin/bash
FILTER ?=
SECONDS ?= 300

.PHONY: help run build test lint format bench fuzz release set-up

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make test FILTER=KVEngineTests   unit tests whose names match'
	@echo '  make test FILTER=kv2/            transcripts whose paths hold that text (with a slash in it)'
	@echo '  make run COFFER_PORT=8300 COFFER_FOLDER=/somewhere'

run: build ## a durable node on this machine, in ./.coffer
	@exec Scripts/run-node

build: set-up ## the program, optimised and with the Swift runtime inside, at .build/release/coffer
	@swift build -c release --static-swift-stdlib --product coffer

test: ## everything that a change must pass
	@FILTER='$(FILTER)' exec Scripts/test

lint: set-up ## layout and style, without changing anything
	@swift format lint -s -r --parallel Sources Tests Package.swift

format: set-up ## lay out the code as lint wants it
	@swift format -i -r --parallel Sources Tests Package.swift

bench: build ## throughput, latency and memory of a server as users start it
	@exec Benchmarks/run

fuzz: build ## hostile input for SECONDS (300)
	@exec Tests/Fuzz/run $(SECONDS)

release: set-up ## the program without symbols, at .build/static/coffer
	@exec Scripts/release

set-up:
	@Scripts/system-packages
