#!/usr/bin/env bash
# Fetches the servers that tests run besides the redis-server in PATH: redis8 and valkey8, of Debian trixie, and
# valkey9, of forky. They bring their own libc and loader along, so they run on an older system too. Each becomes one
# executable in $REDISGEN_SERVERS, or else in redisgen/servers under the user's cache directory. What is there already
# is kept.
set -euo pipefail

dir=${REDISGEN_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/redisgen/servers}
work=

fetch() { # fetch SUITE NAME=PROGRAM...: the programs of a suite of Debian; each is in the package of its name
	local suite=$1 server missing=()
	shift
	for server in "$@"; do
		[[ -x $dir/${server%=*} ]] || missing+=("${server%=*}")
	done
	if ((${#missing[@]} == 0)); then
		return
	fi
	for program in apt-get dpkg; do
		if ! command -v "$program" >/dev/null; then
			echo "$program is missing: put executables ${missing[*]} into $dir; what each is, the top of $0 says" >&2
			exit 1
		fi
	done

	mkdir -p "$dir"
	work=$(mktemp -d "$dir/fetch.XXXXXX")
	mkdir -p "$work"/{lists/partial,cache/archives/partial,debs,root}
	local uri
	uri=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
	cat >"$work/suite.sources" <<-SOURCES
		Types: deb
		URIs: ${uri:-http://deb.debian.org/debian}
		Suites: $suite
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCES
	local apt=(apt-get -q -o Dir::Etc::sourcelist="$work/suite.sources" -o Dir::Etc::sourceparts=-
		-o Dir::State::lists="$work/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache"
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none)
	"${apt[@]}" update
	(cd "$work/debs" && "${apt[@]}" download redis-server redis-tools valkey-server valkey-tools libc6 libgcc-s1 \
		libstdc++6 libatomic1 libjemalloc2 liblzf1 libssl3t64 libsystemd0 libcap2 libzstd1 zlib1g)
	for deb in "$work"/debs/*.deb; do
		dpkg -x "$deb" "$work/root"
	done

	local root=$dir/$suite
	rm -rf "$root"
	mv "$work/root" "$root"
	for server in "$@"; do
		wrap "$root" "${server%=*}" "${server#*=}"
	done
	rm -rf "$work"
}

wrap() { # wrap ROOT NAME PROGRAM: makes NAME run PROGRAM of ROOT with the loader and the libraries of ROOT
	local loader
	loader=$(echo "$1"/usr/lib/*/ld-linux*.so.*)
	cat >"$work/$2" <<-SCRIPT
		#!/bin/sh
		exec "$loader" --library-path "${loader%/*}" "$1/usr/bin/$3" "\$@"
	SCRIPT
	chmod +x "$work/$2"
	mv "$work/$2" "$dir/$2"
}

trap 'rm -rf "$work"' EXIT
fetch trixie redis8=redis-server valkey8=valkey-server
fetch forky valkey9=valkey-server
