using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace SeamlessReboot.FakeChild;

/// <summary>What the child can be told to do, each by a word and at most one argument.</summary>
internal sealed unsafe class Steps
{
    private static readonly string[] _told = ["LISTEN_FDS", "LISTEN_FDNAMES", "FDSTORE", "WATCHDOG_USEC", "EINHORN_FDS", "EINHORN_FD_COUNT", "EINHORN_FD_0", "NOTIFY_SOCKET", "PWD"];
    private const int Marked = 100; // every so many of the many hold their name
    private readonly List<PosixSignalRegistration> _handlers = [];
    private readonly Lazy<Notifier> _notifier = new(() => new Notifier());
    private Timer? _heart;

    internal static void Print(string line)
    {
        Console.Out.WriteLine("fake " + line);
        Console.Out.Flush();
    }

    /// <returns>What there is to say of it.</returns>
    internal string Run(string[] step)
    {
        string argument = step.Length > 1 ? step[1] : "";
        switch (step[0])
        {
            case "say": _notifier.Value.Send(argument.Replace(';', '\n')); break;
            case "ready": _notifier.Value.Send("READY=1"); break;
            case "commands": CommandSocket.Serve(argument, this); break;
            case "wait": Thread.Sleep(Timeout.Infinite); break;
            case "sleep": Thread.Sleep((int)(double.Parse(argument, CultureInfo.InvariantCulture) * 1000)); break;
            case "print": Print(argument); break;
            case "stderr": Console.Error.WriteLine(argument); break;
            case "chatter": Chatter(Number(argument)); break;
            case "exit": Libc.Exit(Number(argument)); break;
            case "die": Libc.Kill(Environment.ProcessId, Number(argument)); Thread.Sleep(Timeout.Infinite); break;
            case "signal": Libc.Kill(Environment.ProcessId, Number(argument)); break;
            case "throw": throw new InvalidOperationException(argument);
            case "ignore": Handle(Number(argument), () => { }); break;
            case "exit-on": Handle(Number(argument), () => Libc.Exit(0)); break;
            case "heartbeat": Beat(Number(argument)); break;
            case "no-heartbeat": _heart?.Dispose(); break;
            case "seamless": Seamless(Number(argument)); break;
            case "store-file": StoreFile(argument.Split(' ')); break;
            case "store-many": StoreMany(argument.Split(' ')); break;
            case "remove": _notifier.Value.Send($"FDSTOREREMOVE=1\nFDNAME={argument}"); break;
            case "barrier": return Barrier();
            case "flood": Flood(Number(argument)); break;
            case "garbage": Garbage(Number(argument)); break;
            case "foreign": SendFiles(Number(argument), 200, "FDNAME=foreign\nnonsense"); break;
            case "store-at-once": SendFiles(1, Number(argument), "FDSTORE=1\nFDNAME=many"); break;
            case "grandchild": return Grandchild(argument).ToString(CultureInfo.InvariantCulture);
            case "descriptors": return string.Join(' ', Directory.GetFiles("/proc/self/fd").Select(Path.GetFileName));
            case "environment": return string.Join('|', _told.Select(n => $"{n}={Environment.GetEnvironmentVariable(n)}"));
            case "variable": return Environment.GetEnvironmentVariable(argument) ?? "";
            case "mine": return Mine();
            case "contents": return Contents();
            case "named": return Named();
            case "shell": Process.Start("/bin/sh", ["-c", argument]); break;
            case "processes": return string.Join(' ', Directory.GetDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => n.All(char.IsAsciiDigit)));
            case "echo": EchoServer.Start(Number(argument)); break;
            case "ping": return "pong " + Environment.ProcessId;
            default: throw new ArgumentException($"There is no step '{step[0]}'.");
        }

        return "ok";
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private void Handle(int signal, Action what) => _handlers.Add(PosixSignalRegistration.Create(Named(signal), c =>
    {
        c.Cancel = true;
        Print($"signal {signal}");
        what();
    }));

    private static PosixSignal Named(int signal) => signal switch
    {
        1 => PosixSignal.SIGHUP,
        2 => PosixSignal.SIGINT,
        3 => PosixSignal.SIGQUIT,
        15 => PosixSignal.SIGTERM,
        _ => (PosixSignal)signal,
    };

    private void Beat(int milliseconds) => _heart = new Timer(_ => _notifier.Value.Send("WATCHDOG=1"), null, 0, milliseconds);

    // Plays a seamless server: asked by SIGHUP it says that it reboots, and the test says the rest. It knows SIGUSR1 for checkpoints.
    private void Seamless(int generation)
    {
        Handle(1, () => _notifier.Value.Send("RELOADING=1\nMONOTONIC_USEC=1"));
        Handle(10, () => _notifier.Value.Send("STATUS=All is written.\nX_SEAMLESSREBOOT_CHECKPOINT=1"));
        _notifier.Value.Send(string.Create(CultureInfo.InvariantCulture,
            $"READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_GENERATION={generation}\nX_SEAMLESSREBOOT_REBOOT_SIGNAL=1\nX_SEAMLESSREBOOT_CHECKPOINT_SIGNAL=10\nX_SEAMLESSREBOOT_SPOOL=/nowhere"));
    }

    private void StoreFile(string[] nameAndText)
    {
        int fd = Libc.MemoryFile("stored", 1);
        Write(fd, nameAndText[1]);
        _notifier.Value.Send($"FDSTORE=1\nFDNAME={nameAndText[0]}", fd);
        _ = Libc.Close(fd);
    }

    private static void Write(int fd, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* first = bytes)
            _ = Libc.Write(fd, first, bytes.Length);
    }

    // A number, and what their names begin with.
    private void StoreMany(string[] countAndPrefix)
    {
        string prefix = countAndPrefix.Length > 1 ? countAndPrefix[1] : "s";
        for (int i = 0; i < Number(countAndPrefix[0]); i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}");
            int fd = Libc.MemoryFile("stored", 1);
            if (i % Marked == 0)
                Write(fd, name);
            _notifier.Value.Send("FDSTORE=1\nFDNAME=" + name, fd);
            _ = Libc.Close(fd);
        }
    }

    // When the angel closes the writing end, it has heard all that was said before.
    private string Barrier()
    {
        using System.IO.Pipes.AnonymousPipeServerStream end = new(System.IO.Pipes.PipeDirection.In);
        _notifier.Value.Send("BARRIER=1", (int)end.ClientSafePipeHandle.DangerousGetHandle());
        end.DisposeLocalCopyOfClientHandle();
        return end.ReadByte() < 0 ? "ok" : "strange";
    }

    private void Flood(int count)
    {
        for (int i = 0; i < count; i++)
            _notifier.Value.Send("STATUS=flood");
    }

    private void Garbage(int count)
    {
        Random random = new(4711);
        byte[] bytes = new byte[20_000];
        for (int i = 0; i < count; i++)
        {
            int length = random.Next(bytes.Length);
            random.NextBytes(bytes.AsSpan(0, length));
            _notifier.Value.Send(bytes.AsSpan(0, length));
        }
    }

    private void SendFiles(int count, int each, string text)
    {
        int[] fds = new int[each];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < fds.Length; j++)
                fds[j] = Libc.MemoryFile("foreign", 1);
            _notifier.Value.Send(text, fds);
            foreach (int fd in fds)
                _ = Libc.Close(fd);
        }
    }

    // By way of a shell, and so not known to this runtime: nobody but the angel reaps it once we are gone.
    private static int Grandchild(string steps)
    {
        ProcessStartInfo info = new("dotnet");
        info.ArgumentList.Add(typeof(Steps).Assembly.Location);
        foreach (string word in steps.Split(','))
            info.ArgumentList.Add(word);
        return Process.Start(info)!.Id;
    }

    private static void Chatter(int lines)
    {
        using Stream stream = Console.OpenStandardError();
        for (int i = 0; i < lines; i++)
            stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"line {i:000000} {new string('x', 80)}\n")));
    }

    private static string Mine() => string.Create(CultureInfo.InvariantCulture,
        $"listen={Is("LISTEN_PID")} watchdog={Is("WATCHDOG_PID")} group={Libc.GetGroup(0) == Environment.ProcessId}");

    private static string Is(string variable) => Environment.GetEnvironmentVariable(variable) is not string pid ? "none"
        : pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) ? "me" : "other";

    // How many descriptors the file of names knows, how many of those are open, and how many of the marked ones hold their own name.
    private static string Named()
    {
        int place = Array.IndexOf((Environment.GetEnvironmentVariable("LISTEN_FDNAMES") ?? "").Split(':'), "seamless-names");
        if (place < 0)
            return "no file";
        string[] names = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{3 + place}")).Split(':');
        byte* text = stackalloc byte[100];
        int open = 0, marked = 0;
        for (int i = 0; i < names.Length; i++)
        {
            nint length = Libc.ReadAt(3 + i, text, 100, 0);
            open += length >= 0 ? 1 : 0;
            marked += length > 0 && names[i] == Encoding.UTF8.GetString(text, (int)length) ? 1 : 0;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{names.Length} {open} {marked}");
    }

    // NAME=TEXT for each descriptor that came along; the text of files.
    private static string Contents()
    {
        int count = Number(Environment.GetEnvironmentVariable("LISTEN_FDS") ?? "0");
        string[] names = (Environment.GetEnvironmentVariable("LISTEN_FDNAMES") ?? "").Split(':');
        byte* text = stackalloc byte[100];
        StringBuilder all = new();
        for (int i = 0; i < count; i++)
        {
            nint length = Libc.ReadAt(3 + i, text, 100, 0);
            all.Append(i > 0 ? " " : "").Append(names[i]).Append('=').Append(length < 0 ? "?" : Encoding.UTF8.GetString(text, (int)length));
        }

        return all.ToString();
    }
}
