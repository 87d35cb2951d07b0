"""How the suite looks: one accent colour, quiet surfaces, and fonts that are on every machine."""

import gradio as gr

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans KR", "Malgun Gothic", "sans-serif")
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

CSS = """
.dark { --color-accent: var(--primary-400); }
.gradio-container > main, .gradio-container > .main { width: 100%; max-width: 1200px; }
#masthead { align-items: baseline; gap: 0.25rem 1rem; flex-wrap: wrap; }
#masthead > * { flex: 0 1 auto; min-width: 0; width: auto; }
#masthead .html-container, #voice-cards .html-container, .html-container:has(.compare) { padding: 0; }
#masthead h1 { font-size: 1.4rem; font-weight: 700; margin: 0; }
#masthead p { color: var(--body-text-color-subdued); margin: 0; }
.about p { font-size: 1.05rem; }
.heading p { font-weight: 600; }
@media (max-width: 640px) { footer > .divider { display: none; } }
#cover-fetch, #cover-share { align-self: end; white-space: nowrap; }
.line p { font-size: 1.4rem; }
.hint p { color: var(--body-text-color-subdued); font-size: 0.9rem; margin: 0; }
[data-testid^=waveform-] :is(time, .playback span) { color: var(--body-text-color-subdued) !important; }
.other-sources { justify-content: flex-start; flex-wrap: wrap; }
.other-sources > * { flex: 0 0 auto; width: auto; min-width: 0 !important; }
#pictures .grid-wrap { max-height: none; height: auto; }
#pictures .thumbnail-item { aspect-ratio: 900 / 220; }
table.report { width: 100%; margin: 0; border-collapse: collapse; border: none !important; font-size: 0.9rem; }
table.report :is(th, td) { padding: 0.3rem 0.5rem; text-align: left; border: none !important;
  border-bottom: 1px solid var(--border-color-primary) !important; }
table.report :is(th, td):nth-child(n+2) { text-align: right; white-space: nowrap; }
table.report :is(thead, tbody, tr) { border: none !important; }
table.report td:nth-child(3) { color: var(--body-text-color-subdued); }
.voices { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.75rem; }
.voices article { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg);
  background: var(--block-background-fill); padding: 0.75rem 1rem; }
.voices h3 { margin: 0 0 0.25rem; overflow-wrap: anywhere; }
.voices p { margin: 0; color: var(--body-text-color-subdued); font-size: 0.9rem; overflow-wrap: anywhere; }
"""

SCRIPT = """() => {
  // Gradio gives the drawing in an empty player a name that its role can't have, in English for everybody.
  const empty = "div.empty[aria-label]"
  // And the button around a picture has no name and no use: a person without a mouse needs to pass by none.
  const useless = ".image-container > button:not([aria-label], [aria-hidden])"
  const mend = () => {
    document.querySelectorAll(empty).forEach((drawing) => drawing.removeAttribute("aria-label"))
    document.querySelectorAll(useless).forEach((button) => {
      button.setAttribute("aria-hidden", "true")
      button.tabIndex = -1
    })
  }
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true })
  mend()
}"""


def theme() -> gr.themes.Base:
    """Soft, with text and buttons dark enough to be read by everyone (contrast of 4.5 and more)."""
    return gr.themes.Soft(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", font=FONTS, font_mono=MONO_FONTS
    ).set(
        # `set` forgets these two of Soft.
        background_fill_primary="*neutral_50",
        background_fill_primary_dark="*neutral_900",
        block_border_width="1px",
        block_border_width_dark="1px",
        block_radius="*radius_lg",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_secondary_background_fill_dark="*neutral_600",
        button_secondary_background_fill_hover_dark="*neutral_500",
        block_title_text_color="*primary_800",
        block_title_text_color_dark="*primary_100",
        block_label_background_fill_dark="*primary_800",
        block_label_text_color="*primary_800",
        block_label_text_color_dark="*primary_100",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        checkbox_label_background_fill_hover_dark="*neutral_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        color_accent="*primary_700",
    )
