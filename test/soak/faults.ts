/** How providers behave: the script of each for mock-llm. A route of the configuration stands for each of them. */
export const faults = {
  none: 'words=20',
  paced: 'words=20,tokensPerSecond=100',
  long: 'words=3000',
  'byte-wise': 'words=10,chunk=7',
  crlf: 'words=10,crlf',
  cr: 'words=10,cr',
  comments: 'words=10,comments=20',
  gzip: 'words=50,gzip',
  'no-usage': 'words=10,noUsage',
  'status-400': 'status=400',
  'status-401': 'status=401',
  'status-429': 'status=429,header.retry-after=1',
  'status-500': 'status=500',
  'status-503': 'status=503',
  'error-in-200': 'errorIn200',
  'error-event': 'words=20,errorEvent=6',
  'early-error-event': 'errorEvent=1',
  redirect: 'redirect',
  'no-http': 'garbage=http',
  'no-json': 'garbage=json',
  html: 'garbage=html',
  empty: 'garbage=empty',
  silent: 'stallBeforeFirstByteMs=forever',
  stalled: 'words=20,stallAfter=6',
  cut: 'words=20,cutAfter=6',
  'cut-early': 'cutAfterBytes=30',
  unended: 'words=20,endAfter=-1',
  reset: 'resetOnAccept',
  'length-too-large': 'contentLength=1000000',
} as const

export type Fault = keyof typeof faults

/** Those that give a good answer, in one way or another. */
export const sound: ReadonlySet<Fault> = new Set<Fault>(['none', 'paced', 'long', 'byte-wise', 'crlf', 'cr', 'comments', 'gzip', 'no-usage'])
