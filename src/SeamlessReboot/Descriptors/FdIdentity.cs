using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Descriptors;

/// <summary>
/// What makes a descriptor the one that was recorded and not another that has got its number: for a socket its kind, its
/// addresses and the kernel's cookie; for anything else device and inode.
/// </summary>
internal sealed class FdIdentity
{
    private readonly byte _kind;
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly byte[] _local;
    private readonly byte[] _remote;

    private FdIdentity(byte kind, ulong first, ulong second, byte[] local, byte[] remote)
    {
        _kind = kind;
        _first = first;
        _second = second;
        _local = local;
        _remote = remote;
    }

    private enum Kinds : byte
    {
        Socket = 1,
        File = 2,
    }

    internal static FdIdentity Of(SafeHandle handle)
    {
        using FdLease lease = new(handle);
        return Of(lease.Fd) ?? throw new ObjectDisposedException(nameof(handle));
    }

    /// <summary>Who was at the other end; null when nobody was, or it is no socket.</summary>
    internal EndPoint? RemoteEndPoint => EndPointOf(_remote);

    private static string Address(byte[] raw) => raw.Length < 2 ? "-"
        : EndPointOf(raw)?.ToString() ?? ((AddressFamily)BinaryPrimitives.ReadUInt16LittleEndian(raw)).ToString();

    private static EndPoint? EndPointOf(byte[] raw)
    {
        if (raw.Length < 2)
            return null;
        AddressFamily family = (AddressFamily)BinaryPrimitives.ReadUInt16LittleEndian(raw);
        SocketAddress address = new((int)family == 10 ? AddressFamily.InterNetworkV6 : family, raw.Length);
        raw.CopyTo(address.Buffer);
        try
        {
            return address.Family switch
            {
                AddressFamily.InterNetwork => new IPEndPoint(IPAddress.Any, 0).Create(address),
                AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Any, 0).Create(address),
                AddressFamily.Unix => new UnixDomainSocketEndPoint("/").Create(address),
                _ => null,
            };
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Null when the descriptor is not open.</summary>
    internal static FdIdentity? Of(int fd)
    {
        if (SocketKernel.Kind(fd) is (int domain, int type))
            return new FdIdentity((byte)Kinds.Socket, SocketKernel.Cookie(fd), ((ulong)domain << 32) | (uint)type,
                SocketKernel.LocalAddress(fd), SocketKernel.RemoteAddress(fd));
        return OfFile(fd);
    }

    // Apart, so that the sockets of a restart do not wait for Mono.Posix to be loaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static FdIdentity? OfFile(int fd) =>
        Syscall.fstat(fd, out Stat stat) == 0 ? new FdIdentity((byte)Kinds.File, stat.st_dev, stat.st_ino, [], []) : null;

    /// <summary>AF_INET and so on, of a socket.</summary>
    internal int Domain => _kind == (byte)Kinds.Socket ? (int)(_second >> 32) : 0;

    /// <summary>Null when these bytes are no identity.</summary>
    internal static FdIdentity? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 19 || bytes.Length < 19 + bytes[17] + bytes[18])
            return null;
        return new FdIdentity(bytes[0], BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[9..]),
            bytes.Slice(19, bytes[17]).ToArray(), bytes.Slice(19 + bytes[17], bytes[18]).ToArray());
    }

    internal byte[] Encode()
    {
        byte[] bytes = new byte[19 + _local.Length + _remote.Length];
        bytes[0] = _kind;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), _first);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), _second);
        bytes[17] = (byte)_local.Length;
        bytes[18] = (byte)_remote.Length;
        _local.CopyTo(bytes, 19);
        _remote.CopyTo(bytes, 19 + _local.Length);
        return bytes;
    }

    /// <summary>A short name that no other descriptor of this boot has.</summary>
    internal string Key => _kind == (byte)Kinds.File
        ? string.Create(CultureInfo.InvariantCulture, $"{_first:x}-{_second:x}")
        : _first.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>For a person.</summary>
    public override string ToString() => _kind == (byte)Kinds.File
        ? string.Create(CultureInfo.InvariantCulture, $"device {_first:x} inode {_second}")
        : string.Create(CultureInfo.InvariantCulture, $"{Address(_local)} <- {Address(_remote)} cookie {_first:x}");

    /// <summary>Whether this descriptor is the recorded one. The kernel's cookie alone says it: kind and addresses of a socket do not change.</summary>
    internal bool IsOf(int fd) => _kind == (byte)Kinds.Socket && _first != 0
        ? SocketKernel.Cookie(fd) == _first
        : Of(fd) is FdIdentity now && Matches(now);

    /// <summary>Whether the descriptor is the recorded one. A client that has gone since has no remote address left; that is no mismatch.</summary>
    internal bool Matches(FdIdentity now) =>
        _kind == now._kind && _first == now._first && _second == now._second && _local.AsSpan().SequenceEqual(now._local)
        && (now._remote.Length == 0 || _remote.Length == 0 || _remote.AsSpan().SequenceEqual(now._remote));
}
