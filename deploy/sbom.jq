# Corrects the SBOM of cargo-cyclonedx, which also lists crates for tests and for other systems, and contains the path
# of the checkout. Keeps only the crates of crates.tsv ($crates), fails if one is missing, and removes the path
# ($checkout), so that the result does not depend on the build folder.
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
