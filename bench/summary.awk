# bench/summary.awk: from the rounds of bench/compare (vecbench's CSV) to
#   - the file named by "merged": one line for each (label, data set, ef), with
#     the medians of the times,
#   - tables on standard output: labels "ours" and "peer" at the same ef and at
#     equal recall (log(queries a second) interpolated between two ef values),
#     and there the queries a second of other labels beside them.

BEGIN {
	FS = OFS = ","
	split("0.90 0.95 0.98 0.99 0.995", target, " ")
}

FNR == 1 {
	print > merged
	for (i = 1; i <= NF; i++)
		col[$i] = i
	next
}

{
	key = $1 SUBSEP $2 SUBSEP $(col["ef"])
	if (!(key in rounds)) {
		order[++keys] = key
		line[key] = $0
		n = ++points[$1, $2]
		point[$1, $2, n] = key
		if ($1 != ours && $1 != peer && !(($1, $2) in other_known)) {
			other_known[$1, $2] = 1
			others[$2, ++nothers[$2]] = $1
		}
		if (!($2 in seen)) {
			seen[$2] = 1
			sets[++nsets] = $2
		}
	}
	r = ++rounds[key]
	for (i = col["qps"]; i <= col["p99_us"]; i++)
		value[key, i, r] = $i
}

function median(key, c,    n, i, j, t, a) {
	n = rounds[key]
	for (i = 1; i <= n; i++)
		a[i] = value[key, c, i] + 0
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] > a[j]; j--) {
			t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
		}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function field(key, name,    f) {
	split(line[key], f, ",")
	return f[col[name]]
}

# Value of a column where the curve of (label, set) crosses a recall, or 0.
function at_recall(label, set, recall, name,    i, a, b, ra, rb, va, vb) {
	for (i = 1; i < points[label, set]; i++) {
		a = point[label, set, i]
		b = point[label, set, i + 1]
		ra = field(a, "recall") + 0
		rb = field(b, "recall") + 0
		if (ra <= recall && recall <= rb && ra < rb) {
			va = field(a, name) + 0
			vb = field(b, name) + 0
			if (va <= 0 || vb <= 0)
				return 0
			return exp(log(va) + (log(vb) - log(va)) * (recall - ra) / (rb - ra))
		}
	}
	return 0
}

function ratio(a, b) {
	return a > 0 && b > 0 ? sprintf("%.2f", a / b) : "-"
}

function number(v) {
	return v > 0 ? sprintf("%.0f", v) : "-"
}

END {
	for (k = 1; k <= keys; k++) {
		key = order[k]
		n = split(line[key], f, ",")
		for (i = col["qps"]; i <= col["p99_us"]; i++)
			f[i] = sprintf("%.1f", median(key, i))
		s = f[1]
		for (i = 2; i <= n; i++)
			s = s "," f[i]
		line[key] = s
		print s > merged
	}
	for (d = 1; d <= nsets; d++) {
		set = sets[d]
		if (!points[ours, set] || !points[peer, set])
			continue
		printf "\n%s\n\n", set
		print "| ef | recall " ours " | recall " peer " | qps " ours " | qps " peer " | ratio | index pages " ours " | index pages " peer " | ratio |"
		print "|---|---|---|---|---|---|---|---|---|"
		for (i = 1; i <= points[ours, set]; i++) {
			a = point[ours, set, i]
			ef = field(a, "ef")
			b = peer SUBSEP set SUBSEP ef
			if (!(b in rounds))
				continue
			printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", ef,
				field(a, "recall"), field(b, "recall"),
				number(field(a, "qps")), number(field(b, "qps")), ratio(field(a, "qps"), field(b, "qps")),
				number(field(a, "index_blocks")), number(field(b, "index_blocks")),
				ratio(field(a, "index_blocks"), field(b, "index_blocks"))
		}
		printf "\n| recall | qps %s | qps %s | ratio | index pages %s | index pages %s | ratio |", ours, peer, ours, peer
		rule = "|---|---|---|---|---|---|---|"
		for (o = 1; o <= nothers[set]; o++) {
			printf " qps %s |", others[set, o]
			rule = rule "---|"
		}
		print "\n" rule
		for (t = 1; t in target; t++) {
			printf "| %s | %s | %s | %s | %s | %s | %s |", target[t],
				number(at_recall(ours, set, target[t], "qps")), number(at_recall(peer, set, target[t], "qps")),
				ratio(at_recall(ours, set, target[t], "qps"), at_recall(peer, set, target[t], "qps")),
				number(at_recall(ours, set, target[t], "index_blocks")), number(at_recall(peer, set, target[t], "index_blocks")),
				ratio(at_recall(ours, set, target[t], "index_blocks"), at_recall(peer, set, target[t], "index_blocks"))
			for (o = 1; o <= nothers[set]; o++)
				printf " %s |", number(at_recall(others[set, o], set, target[t], "qps"))
			print ""
		}
		a = point[ours, set, 1]
		b = point[peer, set, 1]
		printf "\nbuild: %s s against %s s; index: %s against %s bytes a vector\n",
			field(a, "build_s"), field(b, "build_s"), field(a, "bytes_per_vector"), field(b, "bytes_per_vector")
	}
}
