import type { FastifyInstance } from "fastify";
import { requireCaller } from "../guard/caller.ts";
import type { EventStreamRegistry } from "../live/event-stream-registry.ts";

export function routeEvents(api: FastifyInstance, streams: EventStreamRegistry): void {
  api.get("/events", { exposeHeadRoute: false }, (request, reply) =>
    reply
      .type("text/event-stream")
      .header("x-accel-buffering", "no")
      .send(streams.open(requireCaller(request))),
  );
}
