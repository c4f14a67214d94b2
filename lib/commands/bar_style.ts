/** How bars over many runs or files look: of one width, gone when done. */
export const BAR_STYLE = {
  barsize: 24,
  barCompleteChar: "=",
  barIncompleteChar: "-",
  clearOnComplete: true,
  gracefulExit: false, // Ctrl-C is not the bar's to handle
  hideCursor: true,
} as const;
