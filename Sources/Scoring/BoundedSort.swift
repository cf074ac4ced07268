/// Sorts in place without allocating: insertion for a few elements, heapsort for more, so that no order of the input
/// takes longer than n log n. (The library's sort keeps a buffer for what it merges.)
func sortInPlace<Element>(_ elements: inout [Element], by precedes: (Element, Element) -> Bool) {
    elements.withUnsafeMutableBufferPointer { elements in
        if elements.count <= 16 {
            insertionSort(elements, precedes)
        } else {
            heapSort(elements, precedes)
        }
    }
}

@inline(__always)
private func insertionSort<Element>(
    _ elements: UnsafeMutableBufferPointer<Element>, _ precedes: (Element, Element) -> Bool
) {
    guard elements.count > 1 else { return }
    for sorted in 1..<elements.count {
        let element = elements[sorted]
        var place = sorted
        while place > 0, precedes(element, elements[place - 1]) {
            elements[place] = elements[place - 1]
            place -= 1
        }
        elements[place] = element
    }
}

@inline(__always)
private func heapSort<Element>(
    _ elements: UnsafeMutableBufferPointer<Element>, _ precedes: (Element, Element) -> Bool
) {
    for root in stride(from: elements.count / 2 - 1, through: 0, by: -1) {
        siftDown(elements, root, elements.count, precedes)
    }
    for end in stride(from: elements.count - 1, through: 1, by: -1) {
        elements.swapAt(0, end)
        siftDown(elements, 0, end, precedes)
    }
}

@inline(__always)
private func siftDown<Element>(
    _ elements: UnsafeMutableBufferPointer<Element>, _ start: Int, _ end: Int, _ precedes: (Element, Element) -> Bool
) {
    var root = start
    while 2 * root + 1 < end {
        var child = 2 * root + 1
        if child + 1 < end, precedes(elements[child], elements[child + 1]) { child += 1 }
        guard precedes(elements[root], elements[child]) else { return }
        elements.swapAt(root, child)
        root = child
    }
}
