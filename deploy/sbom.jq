# Makes cargo-cyclonedx's document true: it lists every crate of Cargo.lock's graph, those for tests and for other systems
# among them, and says where the checkout lies. What is left are the crates of crates.tsv (in $crates), none missing, and
# the same bytes wherever it was built ($checkout is the folder).
def crate: .name + " " + .version;

($crates | split("\n") | map(select(. != "") | split("\t") | .[0] + " " + .[1])) as $made_of
| .components |= map(select(crate | IN($made_of[])))
| [.metadata.component, .components[]] as $there
| ($made_of - ($there | map(crate))) as $missing
| if $missing != [] then error("The SBOM lacks \($missing | join(", ")).") else . end
| ($there | map(."bom-ref")) as $kept
| .dependencies |= map(
    select(.ref | IN($kept[]))
    | if .dependsOn then .dependsOn |= map(select(IN($kept[]))) else . end
  )
| walk(if type == "string" then split($checkout) | join("") else . end)
