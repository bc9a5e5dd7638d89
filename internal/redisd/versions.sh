#!/usr/bin/env bash
# Fetches the servers that tests run besides the redis-server in PATH: redis8 and valkey8, of Debian trixie. They bring
# their own libc and loader along, so they run on an older system too. Each becomes one executable in
# $REDISGEN_SERVERS, or else in redisgen/servers under the user's cache directory. What is there already is kept.
set -euo pipefail

dir=${REDISGEN_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/redisgen/servers}
if [[ -x $dir/redis8 && -x $dir/valkey8 ]]; then
	exit 0
fi
for program in apt-get dpkg; do
	if ! command -v "$program" >/dev/null; then
		echo "$program is missing: put executables redis8 (Redis 8) and valkey8 (Valkey 8) into $dir" >&2
		exit 1
	fi
done

mkdir -p "$dir"
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,debs,root}

uri=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
cat >"$work/trixie.sources" <<EOF
Types: deb
URIs: ${uri:-http://deb.debian.org/debian}
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
trixie() {
	apt-get -q -o Dir::Etc::sourcelist="$work/trixie.sources" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none "$@"
}
trixie update
(cd "$work/debs" && trixie download redis-server redis-tools valkey-server valkey-tools libc6 libgcc-s1 libstdc++6 \
	libatomic1 libjemalloc2 liblzf1 libssl3t64 libsystemd0 libcap2 libzstd1 zlib1g)
for deb in "$work"/debs/*.deb; do
	dpkg -x "$deb" "$work/root"
done

root=$dir/trixie
rm -rf "$root"
mv "$work/root" "$root"
loader=$(echo "$root"/usr/lib/*/ld-linux*.so.*)
install_server() { # install_server NAME PROGRAM
	cat >"$work/$1" <<EOF
#!/bin/sh
exec "$loader" --library-path "${loader%/*}" "$root/usr/bin/$2" "\$@"
EOF
	chmod +x "$work/$1"
	mv "$work/$1" "$dir/$1"
}
install_server redis8 redis-server
install_server valkey8 valkey-server
