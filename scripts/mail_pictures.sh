#!/usr/bin/env bash
# Pictures of every mail, from the golden files, by Chromium: 320 and 800 px wide, light and dark. For people to look at
# after a template changed. Fails where a mail is wider than the screen, which a telephone would shrink or scroll.
# Usage: scripts/mail_pictures.sh [FOLDER]   (default: .local/mail-pictures)
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-.local/mail-pictures}"
browser=""
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        browser="$name"
        break
    fi
done
if [[ -z "$browser" ]]; then
    echo "skipped: Chromium is not installed (Debian: apt-get install chromium fonts-dejavu)"
    exit 0
fi

mkdir -p "$folder"
profile="$(mktemp -d)"
trap 'rm -rf "$profile"' EXIT

# Chromium on the page, with these further arguments.
browse() {
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile/user" "$@" \
        "file://$profile/page.html" 2>"$profile/log" || { cat "$profile/log" >&2; exit 1; }
}

# A page with the mail in a frame of this width and height: a window is never as narrow as a telephone. The mail stands in the
# page itself, which could not measure a file of its own.
page() {
    local mail="$1" width="$2" height="$3"
    printf '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>body { margin: 0 } iframe { border: 0; display: block; width: %spx; height: %spx }</style><iframe srcdoc="' "$width" "$height"
    sed 's/&/\&amp;/g; s/"/\&quot;/g' "$mail"
    printf '"></iframe><p></p><script>onload = () => { const mail = document.querySelector("iframe").contentDocument.documentElement; document.querySelector("p").textContent = "is " + mail.scrollWidth + " " + mail.scrollHeight; }</script>'
}

too_wide=()
for mail in crates/analytics/tests/golden/*.html; do
    name="$(basename "$mail" .html)"
    for width in 320 800; do
        page "$mail" "$width" 100 >"$profile/page.html"
        size="$(browse --dump-dom | sed -n 's/.*<p>is \([0-9]* [0-9]*\)<\/p>.*/\1/p')"
        height="${size#* }"
        if [[ "${size% *}" != "$width" ]]; then
            too_wide+=("$name at $width px: ${size% *}")
        fi
        page "$mail" "$width" "$height" >"$profile/page.html"
        for scheme in dark:0 light:1; do
            browse --blink-settings="preferredColorScheme=${scheme#*:}" --window-size="$((width < 500 ? 500 : width)),$height" \
                --screenshot="$folder/$name.$width.${scheme%:*}.png" >/dev/null
        done
    done
done
echo "$(find "$folder" -name '*.png' | wc -l) pictures in $folder"
if ((${#too_wide[@]})); then
    printf 'too wide: %s\n' "${too_wide[@]}" >&2
    exit 1
fi
