#!/usr/bin/env bash
# Pictures of every mail, from the golden files, by Chromium: 320 and 800 px wide, light and dark. For people to look at
# after a template changed. Fails where a mail is wider than 320 px, which a telephone would shrink or scroll. Usage: scripts/mail_pictures.sh [FOLDER]   (default: .local/mail-pictures)
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
too_wide=()
for mail in crates/analytics/tests/golden/*.html; do
    name="$(basename "$mail" .html)"
    # Inside of the page rather than a file of its own, which the page could not measure.
    {
        printf '<!doctype html><meta charset="utf-8"><iframe style="border: 0; width: 320px" srcdoc="'
        sed 's/&/\&amp;/g; s/"/\&quot;/g' "$mail"
        printf '"></iframe><p></p><script>onload = () => { document.querySelector("p").textContent = "width " + document.querySelector("iframe").contentDocument.documentElement.scrollWidth; }</script>'
    } >"$profile/width.html"
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile/user" --dump-dom "file://$profile/width.html" \
        2>"$profile/log" | grep -q '<p>width 320</p>' || too_wide+=("$name")
    for width in 320 800; do
        for scheme in dark:0 light:1; do
            picture="$folder/$name.$width.${scheme%:*}.png"
            # A window is never as narrow as a telephone: a frame is.
            page="$profile/page.html"
            printf '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>body { margin: 0 } iframe { border: 0; width: %spx; height: %spx }</style><iframe src="file://%s"></iframe>' \
                "$width" "${HEIGHT:-3600}" "$PWD/$mail" >"$page"
            "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile/user" \
                --blink-settings="preferredColorScheme=${scheme#*:}" --window-size="$((width < 500 ? 500 : width)),${HEIGHT:-3600}" \
                --screenshot="$picture" "file://$page" >"$profile/log" 2>&1 || { cat "$profile/log" >&2; exit 1; }
        done
    done
done
echo "$(find "$folder" -name '*.png' | wc -l) pictures in $folder"
if ((${#too_wide[@]})); then
    echo "wider than 320 px: ${too_wide[*]}" >&2
    exit 1
fi
