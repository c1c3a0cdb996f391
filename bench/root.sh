# shellcheck shell=bash disable=SC2034,SC2154
# bench/root.sh: a Debian root with PostgreSQL and pgvector from packages, for
# bench/compare on machines without pgvector. Sourced after bench/lib.sh.
#
#   $root, $suite, $root_major    where, which Debian, which PostgreSQL

mounted='' root_server=''

leave_root() {
	local status=$?

	if [ -n "$root_server" ]; then
		in_server "$srv_bin/pg_ctl" -D "$srv_dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1
		rm -rf "${root:?}${srv_dir:?}"
	fi
	[ -z "$mounted" ] || umount "$root/proc"
	return "$status"
}

# The machine's own mirror; debootstrap knows one where this finds none.
mirror() {
	{ awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/*.sources
		awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' /etc/apt/sources.list; } 2>/dev/null |
		head -n 1
}

# Resumes where an earlier attempt was interrupted.
make_root() {
	local pg=$root/usr/lib/postgresql/$root_major from=()

	is_root || die "a Debian root needs root rights (or install pgvector for this machine's PostgreSQL)"
	if [ ! -e "$root/var/lib/hnsw-bench-base" ] && [ ! -e "$pg/bin/initdb" ]; then
		command -v debootstrap >/dev/null || install_packages debootstrap
		say "making a Debian root in $root (about 1.5 GB)"
		mapfile -t from < <(mirror)
		# a suite that this debootstrap does not know yet is made like sid
		[ -e "/usr/share/debootstrap/scripts/$suite" ] ||
			from=("${from[0]:-}" /usr/share/debootstrap/scripts/sid)
		mkdir -p "$root"
		debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "${from[@]}" >"$work/root.log" 2>&1 ||
			{ tail -n 20 "$work/root.log"; die "debootstrap failed"; }
		touch "$root/var/lib/hnsw-bench-base"
	fi
	if ! mountpoint -q "$root/proc"; then
		mount -t proc proc "$root/proc"
		mounted=1
	fi
	if [ ! -e "$pg/lib/vector.so" ] || [ ! -e "$pg/lib/pgxs/src/makefiles/pgxs.mk" ] || [ ! -x "$root/usr/bin/make" ]; then
		say "installing PostgreSQL $root_major and pgvector there"
		printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
		chmod 755 "$root/usr/sbin/policy-rc.d"
		mkdir -p "$root/etc/postgresql-common"
		echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
		# the Release file of a testing suite may be older than its own limit
		echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99valid"
		{ chroot "$root" apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" apt-get -q -y --no-install-recommends install \
				"postgresql-$root_major" "postgresql-$root_major-pgvector" "postgresql-server-dev-$root_major" \
				make gcc libc6-dev && chroot "$root" apt-get clean; } >"$work/root.log" 2>&1 ||
			{ tail -n 20 "$work/root.log"; die "installing the packages failed"; }
	fi
}

# Both extensions in the root; ours is built there, against its headers.
use_root() {
	make_root
	in_server() {
		chroot --userspec=postgres:postgres "$root" env -i HOME=/tmp LC_ALL=C.UTF-8 \
			PATH="$srv_bin:/usr/bin:/bin" "$@"
	}
	srv_bin=/usr/lib/postgresql/$root_major/bin
	srv_dir=$(mktemp -d "$root/tmp/hnsw.XXXXXX")
	srv_dir=${srv_dir#"$root"} host_dir=$root$srv_dir
	root_server=1
	chmod 755 "$host_dir"
	mkdir "$host_dir/src"
	tar -C "$work/src" -cf - . | tar -C "$host_dir/src" -xf - --no-same-owner
	chroot "$root" chown -R postgres: "$srv_dir"
	{ in_server make -s -C "$srv_dir/src" -j"$jobs" with_llvm=no PG_CONFIG="$srv_bin/pg_config" &&
		chroot "$root" make -s -C "$srv_dir/src" with_llvm=no PG_CONFIG="$srv_bin/pg_config" install; } >"$work/build.log" 2>&1 ||
		{ cat "$work/build.log"; die "the extension does not build"; }
}
