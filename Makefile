# make test   all that a change must pass; installs what it needs
# make lint   the same without the tests
# make demo   a tour of what is generated, on a server of its own
# make agents a service on the storage, to talk with an agent in a browser
# make bench  what operations cost
# make soak   queries of a million records
# make storm  20 failovers, moving slots, partitions and restarts under load
# make endure 30 minutes of an agent platform's work, while servers and networks fail
# make matrix the suites on every kind of deployment and every version at hand
# make fuzz   each fuzz target for FUZZTIME

FUZZTIME ?= 10s

.PHONY: test test-concurrent test-others lint deps race demo agents bench soak storm endure generate matrix fuzz

# What runs with -race: the runtime, and what has most goroutines. To compile all for it takes minutes; make race does.
CONCURRENT = /(repo|tests/watch)$$

# Most of the time goes into compiling, which memory makes faster.
test lint: export GOGC = 400

# vet is part of lint, and nobody debugs these programs.
GOTEST = go test -vet=off -ldflags="-s -w"

# Many tests wait for servers: more of them run at the same time than there are processors.
test: lint
	$(MAKE) -j2 test-concurrent test-others

test-concurrent:
	$(GOTEST) -p 1 -race $$(go list ./... | grep -E '$(CONCURRENT)')

test-others:
	$(GOTEST) -p 3 $$(go list ./... | grep -vE '$(CONCURRENT)')

lint: deps
	.ci/gofmt
	go vet ./...
	go tool staticcheck -tests=false ./... # go vet has the tests
	.ci/lua
	.ci/generated

race: deps
	go test -race ./...

deps:
	.ci/deps

demo:
	go run ./internal/demo

agents:
	go run ./internal/agents

bench:
	go test -run xxx -bench . -timeout 60m ./tests/bench

soak:
	go test -v -count=1 -timeout 60m ./tests/soak -records 1000000

storm: deps
	go test -v -count=1 -timeout 60m ./tests/storm -long

endure: deps
	go test -v -count=1 -timeout 60m ./tests/agents -long

generate:
	go generate ./...

matrix: deps
	.ci/matrix

fuzz:
	.ci/fuzz $(FUZZTIME)
