export { normalizePath } from './normalize-path.ts'
export { needsBody, type MatchResult, type RouteEntry, type RouteMatch, type RouteRequest } from './route.ts'
export { Router, type TableEntry } from './router.ts'
export { checkUri } from './uri-pattern.ts'
