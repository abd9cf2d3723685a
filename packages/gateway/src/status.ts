import { Router } from '@koa/router'
import Koa from 'koa'

/** Answers whether the process lives (`/healthz`) and whether it takes traffic (`/readyz`), with what there is to say `about` that. No key, no details. */
export function createStatus(isReady: () => boolean, about: () => object): Koa {
  const router = new Router()
  router.get(['/healthz', '/status'], (ctx) => {
    ctx.body = { status: 'ok' }
  })
  router.get(['/readyz', '/status/ready'], (ctx) => {
    const ready = isReady()
    ctx.status = ready ? 200 : 503
    ctx.body = { status: ready ? 'ok' : 'not ready', ...about() }
  })
  const app = new Koa()
  app.use(router.routes())
  return app
}
