# shellcheck shell=bash disable=SC2034,SC2154
# bench/lib.sh: what bench/run and bench/compare share. Sourced after .ci/setup.
#
# A server is described by
#   in_server CMD...   runs CMD as the unprivileged user where the server lives
#   srv_bin, srv_dir   its programs and its folder, as in_server sees them
#   host_dir           the same folder, as this script and the clients see it

cache=${HNSW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hnsw-bench}
out=$top/bench/out

# bench_programs: builds vecbench (and hnswlib where its headers are) into $work/bench
bench_programs() {
	as_user make -s -C bench vecbench BUILD="$work/bench" PG_CONFIG="$server_config"
	vecbench=$work/bench/vecbench
	hnswlib=''
	if [ -e /usr/include/hnswlib/hnswlib.h ] && command -v c++ >/dev/null &&
		as_user make -s -C bench hnswlib BUILD="$work/bench" >"$work/hnswlib.log" 2>&1; then
		hnswlib=$work/bench/hnswlib
	fi
}

# Installs what only the benchmarks want; plots are left out where it fails.
bench_packages() {
	[ -e "$("$server_config" --includedir)/libpq-fe.h" ] || install_packages libpq-dev
	command -v gnuplot >/dev/null || ! can_install || install_packages gnuplot-nox || :
}

# unpack_data FOLDER: unpacks a bundle (unpack.py) into the cache, once
unpack_data() {
	/usr/bin/python3 -c 'import numpy' 2>/dev/null || install_packages python3-numpy
	if [ ! -e "$cache/data/.complete" ]; then
		say "unpacking $1 into $cache/data"
		mkdir -p "$cache/data"
		/usr/bin/python3 "$1/unpack.py" "$cache/data" >&2
		touch "$cache/data/.complete"
	fi
}

# find_data: sets the array $data to the folders of the data sets; stays empty
# when there are none. BENCH_SETS="name ..." takes some of them.
find_data() {
	local folder=${HNSW_DATA:-$top/../shared/data} set base

	data=()
	if [ -e "$folder/unpack.py" ]; then
		unpack_data "$folder"
		folder=$cache/data
	fi
	for base in "$folder"/*/base.[fb]vecs; do
		[ -e "$base" ] || continue
		set=$(basename "${base%/*}")
		case " ${BENCH_SETS:-$set} " in
			*" $set "*) data+=("${base%/*}") ;;
		esac
	done
	[ ${#data[@]} -gt 0 ] || say "no data sets in $folder: taking the generator's"
}

# data_option FOLDER: how vecbench is told about a data set ("" = generator)
data_option() {
	if [ -n "$1" ]; then
		printf '%s\n' "--data=$1"
	else
		printf '%s\n' "--generate=${BENCH_GENERATE:-50000,128}"
	fi
}

# start_server: makes $srv_dir and a server in it, on a Unix socket there
start_server() {
	in_server mkdir -p "$srv_dir"
	in_server "$srv_bin/initdb" -D "$srv_dir/data" -A trust -U bench -E UTF8 --locale=C --no-sync >/dev/null
	in_server tee -a "$srv_dir/data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$srv_dir'
		shared_buffers = '${BENCH_SHARED_BUFFERS:-1GB}'
		max_wal_size = '8GB'
		checkpoint_timeout = '30min'
		dynamic_shared_memory_type = sysv
	CONF
	in_server "$srv_bin/pg_ctl" -D "$srv_dir/data" -l "$srv_dir/log" -w -t 60 start >/dev/null ||
		{ cat "$host_dir/log" >&2; die "the server did not start"; }
	server="host=$host_dir user=bench"
}

make_database() { in_server "$srv_bin/createdb" -h "$srv_dir" -U bench "$1"; }
drop_database() { in_server "$srv_bin/dropdb" -h "$srv_dir" -U bench --if-exists "$1"; }
