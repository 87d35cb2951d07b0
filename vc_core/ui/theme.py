"""Gradio theme and CSS: one accent colour, neutral surfaces, system fonts."""

import gradio as gr

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans KR", "Malgun Gothic", "sans-serif")
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

CSS = """
.dark { --color-accent: var(--primary-400); }
.dark input.subdued { color: var(--neutral-300); }
.gradio-container > main, .gradio-container > .main { width: 100%; max-width: 1200px; }
#masthead { align-items: baseline; gap: 0.25rem 1rem; flex-wrap: wrap; }
#masthead > * { flex: 0 1 auto; min-width: 0; width: auto; }
#masthead .html-container, #voice-cards .html-container { padding: 0; }
.html-container:has(.compare, .live, .job, .shelf, .way) { padding: 0; }
#masthead h1 { font-size: 1.4rem; font-weight: 700; margin: 0; }
#masthead p { color: var(--body-text-color-subdued); margin: 0; }
.about p { font-size: 1.05rem; }
.heading p { font-weight: 600; }
@media (max-width: 640px) { footer > .divider { display: none; } }
#cover-fetch, #cover-share { align-self: end; white-space: nowrap; }
.named > button { align-self: end; white-space: nowrap; }
#takes:not(:has(#take-list input, #take-delete-undo)) { display: none; }
#take-list .wrap { flex-direction: column; align-items: stretch; }
#take-list label span { overflow-wrap: anywhere; }
.line p { font-size: 1.4rem; }
html:lang(ko) .gradio-container * { word-break: keep-all; }
.toast-wrap { top: auto !important; bottom: 0.75rem; pointer-events: none; }
body:has(.toast-body) .gradio-container { padding-bottom: 10rem !important; }
.file-note { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.stepper .step-button:disabled { opacity: 1 !important; }
.stepper :is(.active, .completed) .step-number { background: var(--primary-700) !important; }
.stepper .pending .step-number { border: 1px solid var(--neutral-500) !important; }
.training-chart { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.training-chart figure { margin: 0; min-width: 0; }
.training-chart svg { width: 100%; height: auto; }
.training-chart line { stroke: var(--border-color-primary); }
.training-chart text { fill: var(--body-text-color-subdued); font-size: 13px; }
.training-chart ul { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; margin: 0; padding: 0; list-style: none; }
.training-chart li span { display: inline-block; width: 1rem; height: 0.25rem; margin-right: 0.4rem;
  vertical-align: middle; }
.hint p { color: var(--body-text-color-subdued); font-size: 0.9rem; margin: 0; }
[data-testid^=waveform-] :is(time, .playback span) { color: var(--body-text-color-subdued) !important; }
.other-sources { justify-content: flex-start; flex-wrap: wrap; }
.other-sources > * { flex: 0 0 auto; width: auto; min-width: 0 !important; }
.results[data-earlier]::before { content: attr(data-earlier); font-weight: 600; color: var(--body-text-color); }
.results[data-earlier] > * { filter: grayscale(1); opacity: 0.55; }
.job-bar:has(.job[hidden]) { display: none; }
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


def make_theme() -> gr.themes.Base:
    """Gradio's Soft theme, with a contrast of at least 4.5 (WCAG AA) for text and buttons."""
    return gr.themes.Soft(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", font=FONTS, font_mono=MONO_FONTS
    ).set(
        # `set` drops these two values of Soft.
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
        # At least 3 to the background (WCAG 1.4.11).
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        checkbox_border_color_hover="*neutral_700",
        checkbox_border_color_hover_dark="*neutral_200",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        checkbox_label_background_fill_hover_dark="*neutral_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        color_accent="*primary_700",
    )
