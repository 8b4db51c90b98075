using System.Buffers;
using System.Runtime.InteropServices;

namespace SeamlessReboot;

/// <summary>What the application keeps over reboots beside its sessions: state by name, and descriptors by name. Registered before Ready.</summary>
internal sealed class Kept
{
    private readonly Dictionary<string, KeptState> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafeHandle> _descriptors = new(StringComparer.Ordinal);

    /// <summary>In the order in which they were registered.</summary>
    internal IReadOnlyCollection<KeptState> States => _states.Values;

    /// <summary>Those that are open, with their names.</summary>
    internal IEnumerable<KeyValuePair<string, SafeHandle>> Descriptors() => _descriptors.Where(d => !d.Value.IsClosed);

    internal IEnumerable<SafeHandle> Handles() => Descriptors().Select(d => d.Value);

    internal void Add(KeptState state)
    {
        if (!_states.TryAdd(state.Name, state))
            throw new ArgumentException($"State named '{state.Name}' is kept already. Give each piece a name of its own.", nameof(state));
    }

    internal KeptState? Find(string name) => _states.GetValueOrDefault(name);

    internal void RequireNewDescriptor(string name)
    {
        if (_descriptors.ContainsKey(name))
            throw new ArgumentException($"A descriptor named '{name}' is kept already. Give each a name of its own.", nameof(name));
    }

    internal void Add(string name, SafeHandle handle) => _descriptors.Add(name, handle);
}

/// <summary>
/// A piece of system state: how it is written and read, and how it comes about when there is none: what is loaded is an action, which
/// hands it to the application.
/// </summary>
internal sealed record KeptState(string Name, Type Type, Action<IBufferWriter<byte>> Save, Action<ReadOnlyMemory<byte>> Restore,
    Func<CancellationToken, Task<Action>>? LoadAsync);
