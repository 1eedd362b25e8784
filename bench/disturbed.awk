# SPDX-License-Identifier: BSD-2-Clause
# Of bench.csv, a sentence for each thing beside the benchmark that kept the machine busy.
BEGIN { FS = "," }

function tell(figure) {
    print figure " while the times were taken: believe them little."
}

$1 == "context" && $5 == "stolen_share" && $6 > 0.01 {
    tell(sprintf("The machine's hypervisor stole %.0f%% of the time", $6 * 100))
}

$1 == "context" && $5 == "processors_of_others" && $6 > 0.1 { tell(sprintf("Other programs used %.1f processors", $6)) }
