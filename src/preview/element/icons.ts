/** Pictures of the buttons: paths in a square of 24 units. */
export const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zm8 0h4v14h-4z",
  back: "M6 5h3v14H6zm12 0v14l-8-7z",
  forward: "M15 5h3v14h-3zM6 5l8 7-8 7z",
  loop: "M7 7h9v3l5-4-5-4v3H5v7h2zm10 10H8v-3l-5 4 5 4v-3h11v-7h-2z",
  sound: "M4 9v6h4l5 5V4L8 9zm12.500 3a4.500 4.500 0 0 0-2.500-4v8a4.500 4.500 0 0 0 2.500-4",
  muted: "M4 9v6h4l5 5V4L8 9zm12.600 3 2.900-2.900-1.400-1.400-2.900 2.900-1-1v4.800l1-1 2.900 2.900 1.400-1.400z",
  picture:
    "M9 4 7.5 6H4a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h16a1 1 0 0 0 1-1V7a1 1 0 0 0-1-1h-3.500L15 4zm3 4.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9",
  pip: "M3 4h18v16H3zm2 2v12h14V6zm6 5h7v6h-7z",
  fullscreen: "M4 4h6v2H6v4H4zm10 0h6v6h-2V6h-4zM4 14h2v4h4v2H4zm14 0h2v6h-6v-2h4z",
} as const;

const SVG = "http://www.w3.org/2000/svg";

/** A picture of a button. */
export function icon(name: keyof typeof ICONS): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}
