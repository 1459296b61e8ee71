/** Takes files that are dropped anywhere on the page. @param onOver whether files are held over it */
export function takeDrops(onOver: (isOver: boolean) => void, onFiles: (files: File[]) => void): void {
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
    if (files.length > 0) onFiles(files);
  });
}
