import { decodeCursor, encodeCursor } from "../../../core/cursor.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { PageQuery, pageOf } from "./schemas.ts";
import { viewLane } from "./views.ts";

const LISTING: Listing = { list: "lanes" };

/** `GET /v1/lanes` */
export function addLaneRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/lanes",
    {
      schema: {
        operationId: "listLanes",
        tags: ["deployment"],
        summary: "List lanes and their owners",
        description: "By number: who may write each lane, for how long, and how far its commands are sent.",
        querystring: PageQuery,
        response: {
          200: pageOf("Lane", "A page of lanes."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { limit } = request.query;
      const cursor = openCursor(LISTING, request.query.cursor);
      const after = cursor === undefined ? -1 : (decodeCursor(cursor, ["version"])[0] as number);
      const lanes = [...(await engine.store.listLanes())].sort((a, b) => a.laneId - b.laneId);
      const page = cutPage(lanes, limit, {
        of: ({ laneId }) => encodeCursor([laneId]),
        isBehind: ({ laneId }) => laneId > after,
      });
      const next = bindCursor(LISTING, page.cursor);
      linkNext(request, reply, next);
      return { items: page.items.map(viewLane), cursor: next };
    },
  );
}
