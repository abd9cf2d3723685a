/** Text as part of a path: slashes stay, what would end the path or is no URL's goes encoded. */
export function encodePath(text: string): string {
  return encodeURI(text.toWellFormed()).replaceAll(/[?#]/g, encodeURIComponent)
}

/** Text as a name or a value in a query. */
export function encodeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
