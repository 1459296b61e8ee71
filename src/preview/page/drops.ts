/**
 * Takes files that are dropped anywhere on the page.
 * @param onOver whether files are held over it
 * @param onFiles the files, and what the place where they were dropped is for (`data-drop`)
 */
export function takeDrops(onOver: (isOver: boolean) => void, onFiles: (files: File[], what: string) => void): void {
  let depth = 0; // each element that is entered is left again
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
  const over = (by: number): void => {
    depth = by === 0 ? 0 : depth + by;
    onOver(depth > 0);
  };
  addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) over(1);
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) over(-1);
  });
  addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault(); // it may be dropped here
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    over(0);
    const files = [...(event.dataTransfer?.files ?? [])];
    const place = (event.target as Element).closest<HTMLElement>("[data-drop]");
    if (files.length > 0) onFiles(files, place?.dataset.drop ?? "");
  });
}
