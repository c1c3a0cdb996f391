# bench/figures.awk: from figures a line (bench/phases.sh) a table for each data
# set: medians over the rounds of labels "ours" and "peer", their ratio, and each
# side's figure as a multiple of that of its base. The base of a step is the step
# whose name it continues ("1 workers 25 % memory": "1 workers"), else the first
# step. Other labels have a column each. A share of waits is a mean: a round that
# did not see an event has no line for it.

BEGIN {
	FS = ","
}

FNR == 1 {
	next
}

{
	set = $2 ", " $4 " dimensions, " $5
	if (!(set in nrows)) {
		sets[++nsets] = set
		# 0, so that it is there
		nrows[set] = 0
	}
	row = set SUBSEP $8 SUBSEP $9
	if (!(row in known)) {
		known[row] = 1
		rows[set, ++nrows[set]] = row
		step[row] = $8
		measure[row] = $9
		samples_of[row] = set SUBSEP $8 SUBSEP "samples"
	}
	if (!((set, $8) in step_known)) {
		step_known[set, $8] = 1
		steps[set, ++nsteps[set]] = $8
	}
	if ($6 != ours && $6 != peer && !((set, $6) in label_known)) {
		label_known[set, $6] = 1
		others[set, ++nothers[set]] = $6
	}
	r = ++count[row, $6]
	value[row, $6, r] = $10 + 0
}

function median(row, label,    n, i, j, t, a, sum) {
	n = count[row, label]
	if (measure[row] ~ /^wait /) {
		for (i = 1; i <= n; i++)
			sum += value[row, label, i]
		return sum / count[samples_of[row], label]
	}
	for (i = 1; i <= n; i++)
		a[i] = value[row, label, i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] > a[j]; j--) {
			t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
		}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function shown(row, label,    v) {
	if (!count[row, label])
		return "-"
	v = median(row, label)
	return v >= 100 || v == int(v) ? sprintf("%.0f", v) : sprintf("%.4g", v)
}

function quotient(row_a, label_a, row_b, label_b,    b) {
	if (!count[row_a, label_a] || !count[row_b, label_b])
		return "-"
	b = median(row_b, label_b)
	return b > 0 ? sprintf("%.2f", median(row_a, label_a) / b) : "-"
}

function base_of(set, name,    i, s, best) {
	best = ""
	for (i = 1; i <= nsteps[set]; i++) {
		s = steps[set, i]
		if (s != name && index(name, s " ") == 1 && length(s) > length(best))
			best = s
	}
	return best == "" ? steps[set, 1] : best
}

END {
	for (d = 1; d <= nsets; d++) {
		set = sets[d]
		printf "\n%s\n\n| step | figure | %s | %s | %s / %s | %s / base | %s / base |", set, ours, peer, ours, peer, ours, peer
		line = "|---|---|---|---|---|---|---|"
		for (o = 1; o <= nothers[set]; o++) {
			printf " %s |", others[set, o]
			line = line "---|"
		}
		print "\n" line
		for (i = 1; i <= nrows[set]; i++) {
			row = rows[set, i]
			base = set SUBSEP base_of(set, step[row]) SUBSEP measure[row]
			printf "| %s | %s | %s | %s | %s | %s | %s |", step[row], measure[row],
				shown(row, ours), shown(row, peer), quotient(row, ours, row, peer),
				quotient(row, ours, base, ours), quotient(row, peer, base, peer)
			for (o = 1; o <= nothers[set]; o++)
				printf " %s |", shown(row, others[set, o])
			print ""
		}
	}
}
