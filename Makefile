# make test   all that a change must pass; installs what it needs
# make lint   the same without the tests
# make demo   a tour of what is generated, on a server of its own
# make bench  what operations cost
# make soak   queries of a million records
# make storm  20 failovers, moving slots, partitions and restarts under load
# make matrix the suites on every kind of deployment and every version at hand
# make fuzz   each fuzz target for FUZZTIME

FUZZTIME ?= 10s

.PHONY: test lint deps race demo bench soak storm generate matrix fuzz

# Tests of one goroutine in the main, or of servers and programs that they start: -race finds little in them, and makes them
# several times as slow.
ALONE = /(gen|internal/demo|tests/(behaviour|consume|consumer|durability|events|failover|limits|linear|locks|model|observe|peers|places|query|readme|script|security|soak))$$

GOTEST = go test -vet=off -ldflags=-w # vet is part of lint, and nobody debugs these programs

test: lint
	$(GOTEST) -race -p 3 $$(go list ./... | grep -vE '$(ALONE)') # many wait for servers
	$(GOTEST) -p 3 $$(go list ./... | grep -E '$(ALONE)')
	$(GOTEST) -race -run 'Wins|Mutate|ManyHands|Ordered|Once|Drain|TakeOver' ./tests/behaviour ./tests/consume
	.ci/fuzz 1s

lint: deps
	.ci/gofmt
	go vet ./...
	go tool staticcheck ./...
	.ci/lua
	.ci/generated

race: deps
	go test -race ./...

deps:
	.ci/deps

demo:
	go run ./internal/demo

bench:
	go test -run xxx -bench . -timeout 60m ./tests/bench

soak:
	go test -v -count=1 -timeout 60m ./tests/soak -records 1000000

storm: deps
	go test -v -count=1 -timeout 60m ./tests/storm -long

generate:
	go generate ./...

matrix: deps
	.ci/matrix

fuzz:
	.ci/fuzz $(FUZZTIME)
