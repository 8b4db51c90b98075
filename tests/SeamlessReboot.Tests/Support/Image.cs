using System.Net;
using System.Net.Sockets;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot.Tests.Support;

/// <summary>
/// One image of a server. Several follow one another in the test's process: exec is faked, and what would cross it crosses as
/// duplicates, because the old image's sockets must stay untouched.
/// </summary>
internal sealed class Image : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly string _spool;
    private Task? _reboot;

    internal Image(string spool, RebooterOptions options, FakeProcess process)
    {
        _spool = spool;
        Process = process;
        Log = (LogLines)options.LoggerFactory!;
        Rebooter = Rebooter.StartOn(process, options);
    }

    internal Rebooter Rebooter { get; }

    internal FakeProcess Process { get; }

    internal LogLines Log { get; }

    internal Socket? Listener { get; private set; }

    internal string World { get; set; } = "made at the cold start";

    internal List<IRebootSession> Sessions { get; } = [];

    /// <summary>As the smallest server does: a listener, a piece of state, and sessions that echo.</summary>
    internal Image Register(Func<RestoredSession, IRebootSession>? restore = null)
    {
        Listener = Rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Rebooter.Keep("world", () => World, (string world) => World = world);
        Rebooter.Restore(restore ?? (saved => new EchoSession(saved.OpenConnection(), saved.ReadState<EchoState>())));
        return this;
    }

    internal Image Serve()
    {
        Rebooter.Ready();
        _ = AcceptAllAsync();
        return this;
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true)
                Rebooter.Add(new EchoSession(await Rebooter.AcceptAsync(Listener!, _stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    internal Client Connect() => new((IPEndPoint)Listener!.LocalEndPoint!);

    /// <summary>Reboots as far as exec; returns what the next image is to inherit.</summary>
    internal async Task<Legacy> RebootAsync()
    {
        _reboot = Rebooter.RebootAsync("test");
        Task first = await Task.WhenAny(Process.Executed, _reboot).Within();
        await first; // if it was called off, the reason is what the test should end with
        FakeProcess.Execution execution = await Process.Executed;
        return Legacy.Of(execution.Inheritance, _spool);
    }

    /// <summary>A crash whose reboot comes as far as exec, on the crashing thread.</summary>
    internal async Task<Legacy> CrashAsync(Exception failure, IRebootSession? culprit = null)
    {
        _reboot = Task.Run(() => Rebooter.RebootAfter(failure, culprit));
        Task first = await Task.WhenAny(Process.Executed, _reboot).Within();
        Assert.That(first, Is.SameAs(Process.Executed), "The crash did not come as far as exec.");
        return Legacy.Of((await Process.Executed).Inheritance, _spool);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Process.EndTest();
        if (_reboot is not null)
            await Task.WhenAny(_reboot).Within();
        foreach (IRebootSession session in Rebooter.GetSessions())
            session.Socket.Dispose();
        Rebooter.Dispose();
        Listener?.Dispose();
        _stop.Dispose();
    }
}

/// <summary>What one image leaves to the next, open to tampering.</summary>
internal sealed record Legacy(Inheritance Note, SpoolHeader Header, IReadOnlyList<SpoolRecord> Records, string File)
{
    internal static Legacy Of(string variable, string directory)
    {
        Inheritance note = Inheritance.Decode(variable)!;
        string file = Path.Combine(directory, SpoolFormat.RebootName);
        SpoolReader spool = SpoolReader.Read(System.IO.File.ReadAllBytes(note.MemoryFd < 0 ? file : $"/proc/self/fd/{note.MemoryFd}"), note.Nonce);
        Assert.That(spool.Damage, Is.Empty);
        Assert.That(note.MemoryFd < 0 || Fd.IsCloseOnExec(note.MemoryFd) == false, "The memory file's descriptor would not have come through the exec.");
        Assert.That(note.SpoolFd < 0 || Fd.IsCloseOnExec(note.SpoolFd) == false, "The spool's descriptor would not have come through the exec.");
        List<SpoolRecord> records = [];
        foreach (SpoolRecord record in spool.Records)
        {
            Assert.That(record.Fd < 0 || Fd.IsCloseOnExec(record.Fd) == false, $"The descriptor of {record.Name} would not have come through the exec.");
            records.Add(record.Fd < 0 ? record : record with { Fd = Copy(record.Fd) });
        }

        return new Legacy(note with { SpoolFd = note.SpoolFd < 0 ? -1 : Copy(note.SpoolFd) }, SpoolHeader.From(spool.Header!)!, records, file);
    }

    /// <summary>Writes it down, and returns the variable that hands it over.</summary>
    internal string Write()
    {
        Microsoft.Win32.SafeHandles.SafeFileHandle memory = MemoryFile.Create("test");
        int fd = Note.MemoryFd < 0 ? -1 : Copy((int)memory.DangerousGetHandle());
        if (fd < 0)
            System.IO.File.Delete(File);
        using (SpoolWriter writer = new(fd < 0 ? System.IO.File.OpenHandle(File, FileMode.CreateNew, FileAccess.Write) : memory, Note.Nonce))
        {
            writer.Write(Header.ToRecord());
            foreach (SpoolRecord record in Records)
                writer.Write(record);
            writer.Finish();
        }

        return (Note with { MemoryFd = fd }).Encode();
    }

    /// <summary>Inheritable, as after an exec; the original must not pass for inherited.</summary>
    internal static int Copy(int fd)
    {
        int copy = Mono.Unix.Native.Syscall.dup(fd);
        Assert.That(copy, Is.GreaterThan(2));
        Fd.TrySetCloseOnExec(fd, true);
        return copy;
    }
}

/// <summary>A client of an <see cref="EchoSession"/>.</summary>
internal sealed class Client : IDisposable
{
    internal Client(EndPoint server)
    {
        Socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        Socket.Connect(server);
    }

    internal Socket Socket { get; }

    internal void Say(string text) => Socket.Send(Encoding.UTF8.GetBytes(text));

    internal async Task<string> HearAsync(string expected)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(expected)];
        int length = 0;
        while (length < bytes.Length && await Socket.ReceiveAsync(bytes.AsMemory(length)).Within() is int count and > 0)
            length += count;
        string heard = Encoding.UTF8.GetString(bytes, 0, length);
        Assert.That(heard, Is.EqualTo(expected));
        return heard;
    }

    internal async Task SaysAndHearsAsync(string said, string heard)
    {
        Say(said);
        await HearAsync(heard);
    }

    internal async Task HearsTheEndAsync() => Assert.That(await Socket.ReceiveAsync(new byte[100]).Within(), Is.Zero);

    public void Dispose() => Socket.Dispose();
}
