import { expect, test } from 'vitest'
import { checkUri, Router } from '../src/index.ts'

test.for([
  '/',
  '/*',
  '/**',
  '/v1/chat/completions',
  '/a*',
  '/a/*/c',
  '/a*b',
  '/*.json',
  '/:id',
  '/a/:id/b/:other-id_2/*',
  '/a/*rest',
  '/a%2Fb',
  '/100%',
  '/.well-known/*',
  '/v1/models/gemini:generateContent',
  '/v1/models/*:generateContent',
  '/café',
])('%s is a path pattern', (uri) => {
  expect(checkUri(uri)).toBeUndefined()
  expect(() => new Router([{ id: '1', uris: [uri], value: 1 }])).not.toThrow()
})

test.for<[uri: string, problem: RegExp]>([
  ['', /starts with/],
  ['v1', /starts with/],
  ['*', /starts with/],
  ['/a?b=c', /query/],
  ['/a#b', /fragment/],
  ['/a\nb', /control/],
  [`/${'a'.repeat(4096)}`, /4096/],
  ['/a//b', /merged/],
  ['/a/../b', /resolved/],
  ['/a/.', /resolved/],
  ['/a%20b', /%20.*decoded/],
  ['/:', /':'.*whole segment/],
  ['/:1', /':1'/],
  ['/:id.json', /':id\.json'.*whole segment/],
  ['/:id*', /':id'.*whole segment/],
  ['/:id*/b', /':id'.*whole segment/],
  ['/:id/b/:id', /same name/],
  ['/:id/*id', /same name/],
])('%j is refused: %s', ([uri, problem]) => {
  expect(checkUri(uri)).toMatch(problem)
  expect(() => new Router([{ id: 'r7', uris: ['/ok', uri], value: 1 }])).toThrow(/route 'r7', path/)
})
