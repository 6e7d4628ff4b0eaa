/**
 * Places the nodes of a directed graph in layers from top to bottom, so that edges point down where they can. Deterministic and pure.
 *
 * Each edge becomes a chain with one link per layer it passes; its label is a link with a size of its own. So a label can lie on nothing,
 * and an edge runs round the nodes between its ends.
 * @see Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981
 */
import { reach } from "./graph.ts";

export interface LayoutNode {
  readonly id: string;
  /** From the middle of the node to either side. They differ where something stands beside it. */
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
  readonly labelWidth: number;
  readonly labelHeight: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  /** From the border of one node to that of the other, in the edge's own direction. Between two points lies a curve or a straight line down. */
  readonly points: readonly Point[];
  readonly label: Point;
}

export interface Layout {
  /** Middle of the upper border of each node. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** In the order of the given edges. */
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

const GAP_X = 28;
const GAP_Y = 20;
const PORT_GAP = 24;
/** How often the order within layers is tried anew. */
const ORDER_SWEEPS = 12;
/** How often positions are evened out: more changes nothing visible. In a large drawing less often, so that it takes no longer. */
const PLACE_SWEEPS = 60;
const CELL_MOVES_MAX = 200_000;

/** A node, or one link of an edge's chain. */
interface Cell {
  readonly layer: number;
  readonly left: number;
  readonly right: number;
  readonly isLink: boolean;
  /** How much it minds being moved from where its neighbours want it: a bent edge looks worse than a node beside its parent. */
  readonly weight: number;
  readonly up: Cell[];
  readonly down: Cell[];
  x: number;
  y: number;
  height: number;
  /** Of a link: where its chain would be one straight line. */
  straightX: number;
}

interface Chain {
  readonly upper: Cell;
  readonly links: readonly Cell[];
  readonly lower: Cell;
  readonly label: Cell;
  readonly isReversed: boolean;
  /** Where it touches its upper and its lower node. */
  upperX: number;
  lowerX: number;
}

/** `nodes` begin with the one to be drawn on top; an edge from a node to itself is not for this layout. */
export function layOut(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Layout {
  const reversed = findBackEdges(nodes, edges);
  const layerOf = assignLayers(nodes, edges, reversed);
  const cells = new Map(
    nodes.map((node) => [node.id, createCell(2 * (layerOf.get(node.id) ?? 0), node, 1, false)]),
  );
  const chains = edges.map((edge) => createChain(edge, reversed.has(edge), cells));
  const layers = orderLayers([...new Set([...cells.values(), ...chains.flatMap(({ links }) => links)])]);
  const height = assignY(layers);
  const width = assignX(layers, chains);
  assignPorts(chains);
  return {
    nodes: new Map([...cells].map(([id, { x, y }]) => [id, { x, y }])),
    edges: chains.map(route),
    width,
    height,
  };
}

function createCell(
  layer: number,
  { left, right, height }: Pick<LayoutNode, "left" | "right" | "height">,
  weight: number,
  isLink: boolean,
): Cell {
  return { layer, left, right, height, weight, isLink, up: [], down: [], x: 0, y: 0, straightX: 0 };
}

// ---------------------------------------------------------------- layers

/** Edges that close a circle on the way from the first node, depth first. Turned round, they leave a graph without circles. */
function findBackEdges(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): ReadonlySet<LayoutEdge> {
  const outgoing = new Map<string, LayoutEdge[]>(nodes.map(({ id }) => [id, []]));
  for (const edge of edges) outgoing.get(edge.from)?.push(edge);
  const back = new Set<LayoutEdge>();
  const state = new Map<string, "open" | "done">();
  for (const { id } of nodes) {
    if (state.has(id)) continue;
    state.set(id, "open");
    const path = [{ id, at: 0 }];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const edge = outgoing.get(visit.id)?.[visit.at++];
      if (edge === undefined) {
        state.set(visit.id, "done");
        path.pop();
      } else if (state.get(edge.to) === "open") {
        back.add(edge);
      } else if (!state.has(edge.to)) {
        state.set(edge.to, "open");
        path.push({ id: edge.to, at: 0 });
      }
    }
  }
  return back;
}

/** The longest way from a node without predecessors: every edge then leads at least one layer down. */
function assignLayers(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  reversed: ReadonlySet<LayoutEdge>,
): ReadonlyMap<string, number> {
  const down = edges.map((edge) =>
    reversed.has(edge) ? { from: edge.to, to: edge.from } : { from: edge.from, to: edge.to },
  );
  const layerOf = new Map(nodes.map(({ id }) => [id, 0]));
  const waitingFor = new Map(nodes.map(({ id }) => [id, down.filter(({ to }) => to === id).length]));
  const ready = nodes.map(({ id }) => id).filter((id) => waitingFor.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    for (const { to } of down.filter(({ from }) => from === id)) {
      layerOf.set(to, Math.max(layerOf.get(to) ?? 0, (layerOf.get(id) ?? 0) + 1));
      const left = (waitingFor.get(to) ?? 0) - 1;
      waitingFor.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return layerOf;
}

/** The links of one edge. Its label lies next to the node it comes from. */
function createChain(edge: LayoutEdge, isReversed: boolean, cells: ReadonlyMap<string, Cell>): Chain {
  const from = requireCell(cells, isReversed ? edge.to : edge.from);
  const to = requireCell(cells, isReversed ? edge.from : edge.to);
  const labelLayer = isReversed ? to.layer - 1 : from.layer + 1;
  const half = edge.labelWidth / 2;
  const links = Array.from({ length: to.layer - from.layer - 1 }, (_, at) => {
    const layer = from.layer + 1 + at;
    return layer === labelLayer
      ? createCell(layer, { left: half, right: half, height: edge.labelHeight }, 2, true)
      : createCell(layer, { left: 0, right: 0, height: 0 }, 4, true);
  });
  const chain = [from, ...links, to];
  chain.forEach((cell, at) => {
    const next = chain[at + 1];
    if (next === undefined) return;
    cell.down.push(next);
    next.up.push(cell);
  });
  const label = links.find(({ layer }) => layer === labelLayer) ?? from;
  return { upper: from, links, lower: to, label, isReversed, upperX: 0, lowerX: 0 };
}

function requireCell(cells: ReadonlyMap<string, Cell>, id: string): Cell {
  const cell = cells.get(id);
  if (cell === undefined) throw new RangeError(`layout: an edge names the unknown node ${id}`);
  return cell;
}

// ---------------------------------------------------------------- order within a layer

/** Sweeps down and up, each time sorting a layer by where its neighbours stand, and keeps the order with the fewest crossings. */
function orderLayers(cells: readonly Cell[]): Cell[][] {
  let layers: Cell[][] = [];
  for (const cell of walkOrder(cells)) (layers[cell.layer] ??= []).push(cell);
  layers = Array.from(layers, (layer) => layer ?? []);
  let best = layers;
  let fewest = countCrossings(layers);
  for (let sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    layers = sweepOnce(layers, isDown);
    const crossings = countCrossings(layers);
    if (crossings < fewest) {
      best = layers;
      fewest = crossings;
    }
  }
  return best;
}

/** Neighbours begin next to one another: the order in which they are met from above. */
function walkOrder(cells: readonly Cell[]): readonly Cell[] {
  const tops = cells.filter(({ up }) => up.length === 0);
  return [...reach(tops, ({ down }) => down)];
}

function sweepOnce(layers: readonly (readonly Cell[])[], isDown: boolean): Cell[][] {
  const place = new Map<Cell, number>();
  const sorted: Cell[][] = layers.map((layer) => [...layer]);
  const order = sorted.map((_, index) => (isDown ? index : sorted.length - 1 - index));
  for (const index of order) {
    const layer = sorted[index] ?? [];
    const wanted = new Map(
      layer.map((cell, at) => {
        const places = (isDown ? cell.up : cell.down).map((neighbour) => place.get(neighbour) ?? 0);
        return [cell, places.length === 0 ? at : mean(places)];
      }),
    );
    layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    layer.forEach((cell, at) => place.set(cell, at));
  }
  return sorted;
}

function countCrossings(layers: readonly (readonly Cell[])[]): number {
  return layers.reduce((sum, layer, index) => sum + crossingsBelow(layer, layers[index + 1] ?? []), 0);
}

/** Pairs of lower ends that stand the other way round than their upper ends, counted with a Fenwick tree. */
function crossingsBelow(upper: readonly Cell[], lower: readonly Cell[]): number {
  const place = new Map(lower.map((cell, at) => [cell, at]));
  const ends = upper.flatMap(({ down }) => down.map((cell) => place.get(cell) ?? 0).sort((a, b) => a - b));
  const tree = Array.from({ length: lower.length + 1 }, () => 0);
  let crossings = 0;
  ends.forEach((end, seen) => {
    let notRight = 0;
    for (let at = end + 1; at > 0; at -= at & -at) notRight += tree[at] ?? 0;
    crossings += seen - notRight;
    for (let at = end + 1; at < tree.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
  });
  return crossings;
}

// ---------------------------------------------------------------- coordinates

function assignY(layers: readonly (readonly Cell[])[]): number {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(0, ...layer.map((cell) => cell.height));
    for (const cell of layer) {
      // A link passes its layer straight down, so that no curve cuts a corner of the nodes beside it.
      if (cell.isLink) cell.height = height;
      cell.y = y + (height - cell.height) / 2;
    }
    y += height + GAP_Y;
  }
  return y - GAP_Y;
}

/**
 * Lets every cell move towards where it wants to be without passing those beside it: first towards its neighbours above and below in
 * turn, so that the drawing unfolds; then nodes to the middle of their neighbours and each chain to one straight line.
 */
function assignX(layers: readonly (readonly Cell[])[], chains: readonly Chain[]): number {
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    settleAll(layers, isDown, (cell) => meanX(isDown ? cell.up : cell.down) ?? cell.x);
  }
  const cells = layers.flat();
  const sweeps = Math.min(PLACE_SWEEPS, Math.ceil(CELL_MOVES_MAX / cells.length));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const { links } of chains) {
      const straight = meanX(links) ?? 0;
      for (const link of links) link.straightX = straight;
    }
    settleAll(layers, sweep % 2 === 0, (cell) =>
      cell.isLink ? cell.straightX : (meanX([...cell.up, ...cell.down]) ?? cell.x),
    );
  }
  const leftMost = cells.reduce((least, { x, left }) => Math.min(least, x - left), Number.POSITIVE_INFINITY);
  for (const cell of cells) cell.x = Math.round(cell.x - leftMost);
  return cells.reduce((most, { x, right }) => Math.max(most, x + right), 0);
}

function settleAll(
  layers: readonly (readonly Cell[])[],
  isDown: boolean,
  wantedX: (cell: Cell) => number,
): void {
  for (const layer of isDown ? layers : layers.toReversed())
    settle(
      layer,
      layer.map((cell, index) => besideX(cell, layer[index - 1]) ?? wantedX(cell)),
    );
}

/** Nothing pulls a cell without edges anywhere: it stays beside the one before it. */
function besideX({ up, down, left }: Cell, before: Cell | undefined): number | null {
  if (up.length + down.length > 0 || before === undefined) return null;
  return before.x + before.right + GAP_X + left;
}

function meanX(cells: readonly Cell[]): number | null {
  return cells.length === 0 ? null : mean(cells.map(({ x }) => x));
}

/**
 * Puts the cells of a layer as near to where they want to be as their order and sizes allow, in the least-squares sense:
 * isotonic regression, by pooling neighbours that push against one another.
 */
function settle(layer: readonly Cell[], wanted: readonly number[]): void {
  const offsets = layer.map(() => 0);
  const pools: { readonly count: number; readonly weight: number; readonly at: number }[] = [];
  layer.forEach((cell, index) => {
    const before = layer[index - 1];
    if (before !== undefined) {
      offsets[index] = (offsets[index - 1] ?? 0) + before.right + GAP_X + cell.left;
    }
    let pool = { count: 1, weight: cell.weight, at: (wanted[index] ?? 0) - (offsets[index] ?? 0) };
    for (let last = pools.at(-1); last !== undefined && last.at > pool.at; last = pools.at(-1)) {
      const weight = last.weight + pool.weight;
      const at = (last.at * last.weight + pool.at * pool.weight) / weight;
      pool = { count: last.count + pool.count, weight, at };
      pools.pop();
    }
    pools.push(pool);
  });
  let index = 0;
  for (const { count, at } of pools) {
    for (const end = index + count; index < end; index++) {
      const cell = layer[index];
      if (cell !== undefined) cell.x = at + (offsets[index] ?? 0);
    }
  }
}

// ---------------------------------------------------------------- edges

/** The chains of a node touch it side by side, in the order in which they come. */
function assignPorts(chains: readonly Chain[]): void {
  spreadPorts(
    chains,
    ({ upper, links, lower }) => [upper, links[0] ?? lower],
    (chain, x) => (chain.upperX = x),
  );
  spreadPorts(
    chains,
    ({ upper, links, lower }) => [lower, links.at(-1) ?? upper],
    (chain, x) => (chain.lowerX = x),
  );
}

function spreadPorts(
  chains: readonly Chain[],
  endOf: (chain: Chain) => readonly [node: Cell, next: Cell],
  assign: (chain: Chain, x: number) => void,
): void {
  const touching = new Map<Cell, { chain: Chain; nextX: number }[]>();
  for (const chain of chains) {
    const [node, next] = endOf(chain);
    const ends = touching.get(node) ?? [];
    ends.push({ chain, nextX: next.x });
    touching.set(node, ends);
  }
  for (const [node, ends] of touching) {
    const step = Math.min(PORT_GAP, (1.4 * Math.min(node.left, node.right)) / ends.length);
    ends.sort((a, b) => a.nextX - b.nextX);
    ends.forEach(({ chain }, at) => assign(chain, node.x + (at - (ends.length - 1) / 2) * step));
  }
}

function route({ upper, links, lower, label, isReversed, upperX, lowerX }: Chain): PlacedEdge {
  const points = [
    { x: upperX, y: upper.y + upper.height },
    ...links.flatMap(({ x, y, height }) => [
      { x, y },
      { x, y: y + height },
    ]),
    { x: lowerX, y: lower.y },
  ];
  return {
    points: isReversed ? points.reverse() : points,
    label: { x: label.x, y: label.y + label.height / 2 },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
