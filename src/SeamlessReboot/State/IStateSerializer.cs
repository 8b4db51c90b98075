using System.Buffers;

namespace SeamlessReboot;

/// <summary>Turns state into bytes and back. Implementations must be thread-safe.</summary>
/// <remarks>
/// The bytes cross from one version of a server to another, in both directions: tolerate members that are missing and members
/// that are unknown. The bytes come from a directory that only this user can write to, but treat them as untrusted all the same.
/// </remarks>
public interface IStateSerializer
{
    /// <summary>A short name in one line, recorded in the spool: state written under another name is not loaded.</summary>
    string Name { get; }

    /// <summary>Writes <paramref name="value"/> as a <paramref name="type"/>.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="value">The state; may be null.</param>
    /// <param name="type">The declared type of the state.</param>
    /// <exception cref="Exception">The value cannot be written. Any exception means so.</exception>
    void Serialize(IBufferWriter<byte> writer, object? value, Type type);

    /// <summary>Reads what <see cref="Serialize"/> of this or another version has written.</summary>
    /// <param name="data">All the bytes, and only those.</param>
    /// <param name="type">The declared type of the state.</param>
    /// <returns>The state.</returns>
    /// <exception cref="Exception">The bytes are no <paramref name="type"/>. Any exception means so.</exception>
    object? Deserialize(ReadOnlyMemory<byte> data, Type type);
}
