//! The numbers from which the functions of rows are made, stated once: the functions of this room
//! use these constants, and `gpu/head.zig` prints the same constants into the C that GPUs compile,
//! so that all compute with the same bits.
//!
//! The polynomials are minimax approximations, found by Remez' exchange with the weights that the
//! formulas around them ask for; the constant term comes first.

const std = @import("std");

/// A number for each type of floats that uses it.
pub const Number = struct {
    single: ?f32 = null,
    double: f64,

    pub inline fn of(comptime number: Number, comptime V: type) V {
        return @splat(if (@typeInfo(V).vector.child == f32) number.single.? else number.double);
    }
};

pub const Polynomial = struct {
    single: []const f32 = &.{},
    double: []const f64,

    /// c0 + c1 x + c2 x^2 + ...
    pub inline fn at(comptime polynomial: Polynomial, x: anytype) @TypeOf(x) {
        const V = @TypeOf(x);
        const list = if (@typeInfo(V).vector.child == f32) polynomial.single else polynomial.double;
        var sum: V = @splat(list[list.len - 1]);
        comptime var k = list.len - 1;
        inline while (k > 0) : (k -= 1) sum = sum * x + @as(V, @splat(list[k - 1]));
        return sum;
    }
};

pub const numbers = struct {
    const ln2 = 0.693147180559945309417232121458176568;
    const ln2_high_single = 0x1.62e4p-1;
    const ln2_high_double = 0x1.62e42feep-1;

    pub const ln2_inverse: Number = .{ .single = 1.0 / ln2, .double = 1.0 / ln2 };
    /// A part of ln 2 with so few bits that its product with any exponent is exact, and the rest.
    pub const ln2_high: Number = .{ .single = ln2_high_single, .double = ln2_high_double };
    pub const ln2_low: Number = .{ .single = ln2 - ln2_high_single, .double = ln2 - ln2_high_double };
    /// Arguments beyond which exp is 0, or infinite.
    pub const exp_least: Number = .{ .single = -104, .double = -746 };
    pub const exp_most: Number = .{ .single = 89, .double = 710 };
    /// Arguments beyond which exp2 is 0, and from which it is infinite.
    pub const exp2_least: Number = .{ .single = -151, .double = -1076 };
    pub const exp2_most: Number = .{ .single = 128, .double = 1024 };
    /// The argument below which expm1 is -1.
    pub const expm1_least: Number = .{ .single = -20, .double = -40 };
    /// The arguments from which tanh and erf round to 1, and those up to which their polynomials
    /// near 0 are used.
    pub const tanh_most: Number = .{ .single = 10, .double = 20 };
    pub const tanh_near: Number = .{ .single = 0.625, .double = 0.625 };
    pub const erf_most: Number = .{ .single = 4, .double = 6 };
    pub const erf_near: Number = .{ .single = 0.875, .double = 0.875 };
    /// The argument below whose negative normalCdf is 0, and the number that its polynomial counts from.
    pub const cdf_most: Number = .{ .single = 14.5, .double = 38.7 };
    pub const cdf_center: Number = .{ .single = 2, .double = 4 };
    /// The argument beyond which erfc is 0.
    pub const erfc_most: Number = .{ .single = 10.2, .double = 27.3 };
    pub const sqrt_two: Number = .{ .single = std.math.sqrt2, .double = std.math.sqrt2 };
    /// Up to where the first polynomial of erfInverse is used, and the numbers that the polynomials count from.
    pub const erf_inverse_near_most: Number = .{ .single = 5, .double = 6.25 };
    pub const erf_inverse_near_center: Number = .{ .single = 2.5, .double = 3.125 };
    pub const erf_inverse_middle_center: Number = .{ .single = 3, .double = 3.25 };
    /// From where the last polynomial of normalQuantile is used, and the number that it counts from.
    pub const quantile_far_least: Number = .{ .single = 4, .double = 6 };
    pub const quantile_far_center: Number = .{ .single = 6, .double = 13 };
    /// 1.5 times the number whose unit in the last place is 1: adding it rounds to an integer, half
    /// to even, which then stands in the lowest bits of the sum.
    pub const shifter: Number = .{ .single = 0x1.8p23, .double = 0x1.8p52 };
    pub const sqrt_half: Number = .{ .single = std.math.sqrt1_2, .double = std.math.sqrt1_2 };

    pub const one: Number = .{ .single = 1, .double = 1 };
    const log2e = 1.44269504088896340735992468100189214;
    const log2e_high_single = 0x1.716p0;
    const log2e_high_double = 0x1.715476p0;
    const log10e = 0.43429448190325182765112891891660508;
    const log10e_high_single = 0x1.bccp-2;
    const log10e_high_double = 0x1.bcb7b1p-2;
    const log10_2 = 0.30102999566398119521373889472449303;
    const log10_2_high_single = 0x1.3441p-2;
    const log10_2_high_double = 0x1.34413509f7p-2;
    /// 1 / ln 2, 1 / ln 10 and log10(2), each with so few bits that products with the upper part of a
    /// logarithm, or with an exponent, are exact; and the rest.
    pub const log2e_high: Number = .{ .single = log2e_high_single, .double = log2e_high_double };
    pub const log2e_low: Number = .{ .single = log2e - log2e_high_single, .double = log2e - log2e_high_double };
    pub const log10e_high: Number = .{ .single = log10e_high_single, .double = log10e_high_double };
    pub const log10e_low: Number = .{ .single = log10e - log10e_high_single, .double = log10e - log10e_high_double };
    pub const log10_2_high: Number = .{ .single = log10_2_high_single, .double = log10_2_high_double };
    pub const log10_2_low: Number = .{ .single = log10_2 - log10_2_high_single, .double = log10_2 - log10_2_high_double };

    const pi = 3.14159265358979323846264338327950288;
    const pi_single: comptime_float = @as(f32, pi);
    const pi_double: comptime_float = @as(f64, pi);
    /// Angles as the nearest number, and the rest.
    pub const half_turn_high: Number = .{ .single = pi_single, .double = pi_double };
    pub const half_turn_low: Number = .{ .single = pi - pi_single, .double = pi - pi_double };
    pub const quarter_turn_high: Number = .{ .single = pi_single / 2.0, .double = pi_double / 2.0 };
    pub const quarter_turn_low: Number = .{ .single = (pi - pi_single) / 2.0, .double = (pi - pi_double) / 2.0 };
    pub const eighth_turn_high: Number = .{ .single = pi_single / 4.0, .double = pi_double / 4.0 };
    pub const eighth_turn_low: Number = .{ .single = (pi - pi_single) / 4.0, .double = (pi - pi_double) / 4.0 };

    /// 1 / pi.
    pub const half_turn_inverse: Number = .{ .single = 1.0 / pi, .double = 1.0 / pi };
    /// The number from which the polynomials of lgamma and digamma count between 1/2 and 6.
    pub const gamma_center: Number = .{ .single = 1.75, .double = 1.75 };
    /// log(2 pi) / 2 - 1/2, the constant of Stirling's formula.
    pub const lgamma_tail: Number = .{ .single = 0.418938533204672741780329736405617639, .double = 0.418938533204672741780329736405617639 };
    const digamma_zero = 1.461632144968362341262659542325721328468;
    const digamma_zero_single: comptime_float = @as(f32, digamma_zero);
    const digamma_zero_double: comptime_float = @as(f64, digamma_zero);
    /// The positive zero of digamma as the nearest number, and the rest.
    pub const digamma_zero_high: Number = .{ .single = digamma_zero_single, .double = digamma_zero_double };
    pub const digamma_zero_low: Number = .{ .single = digamma_zero - digamma_zero_single, .double = digamma_zero - digamma_zero_double };

    /// The largest arguments of sin and cos that are reduced by the parts of pi/2 below.
    pub const turns_most: Number = .{ .single = 1e9, .double = 1e6 };
    pub const half_pi_inverse: Number = .{ .double = 1.0 / 0x1.921fb54442d18p0 };
    pub const half_pi_high: Number = .{ .double = 0x1.921fb54442d18p0 };
    pub const half_pi_low: Number = .{ .double = 0x1.1a62633145c07p-54 };
    /// pi/2 in parts whose products with the number of quarter turns of a float are exact.
    pub const half_pi_short_1: Number = .{ .double = 0x1.921fbp0 };
    pub const half_pi_short_2: Number = .{ .double = 0x1.5110bp-22 };
    pub const half_pi_short_3: Number = .{ .double = 0x1.18469898cc517p-44 };
    /// The same for the number of quarter turns of a double.
    pub const half_pi_long_1: Number = .{ .double = 0x1.921fb544p0 };
    pub const half_pi_long_2: Number = .{ .double = 0x1.0b4611a6p-34 };
    pub const half_pi_long_3: Number = .{ .double = 0x1.3198a2ep-69 };
    pub const half_pi_long_4: Number = .{ .double = 0x1.b839a252049c1p-104 };

    /// The largest exponent of pow: beyond it the result is 0, 1 or infinity all the same, and
    /// infinity times 0 does not occur.
    pub const exponent_most: Number = .{ .double = 0x1p66 };
    /// 1/3 as a double, and the remainder that a double cannot hold.
    pub const third_high: Number = .{ .double = 1.0 / 3.0 };
    pub const third_low: Number = .{ .double = 0x1.5555555555555p-56 };
    /// The product of a double with this number contains the upper half of the double's digits.
    pub const splitter: Number = .{ .double = 0x1p27 + 1 };
};

pub const polynomials = struct {
    /// (e^r - 1 - r) / r^2 for |r| to ln 2 / 2.
    pub const exp_tail: Polynomial = .{
        .single = &.{ 0.5, 0.166665196, 0.0416662097, 0.00836885069, 0.00139503868 },
        .double = &.{
            0.5000000000000012,     0.166666666666667,      0.041666666666521385,
            0.0083333333333079,     0.0013888888945710845,  0.00019841269916080366,
            2.4801491105560463e-05, 2.7557217326292805e-06, 2.763091560418162e-07,
            2.51175712269509e-08,
        },
    };
    /// (2^r - 1) / r for |r| to 1/2.
    pub const exp2_tail: Polynomial = .{
        .single = &.{ 0.6931472, 0.2402265, 0.05550328, 0.009618004, 0.0013400236, 0.00015476275 },
        .double = &.{
            0.6931471805599453,     0.24022650695910072,    0.0555041086648217,
            0.009618129107628494,   0.0013333558146390585,  0.00015403530393341496,
            1.5252733856107422e-05, 1.3215486832777917e-06, 1.0178051260675833e-07,
            7.054888342345241e-09,  4.456666168735933e-10,  2.574169515732309e-11,
        },
    };
    /// (asin s - s) / s^3 of s^2, for s to 1/2.
    pub const asin_tail: Polynomial = .{
        .single = &.{ 0.1666666, 0.07500494, 0.044518363, 0.031798426, 0.014467429, 0.03748237 },
        .double = &.{
            0.1666666666666666,   0.07500000000002058,   0.04464285714012388,
            0.030381944623584626, 0.022372152222908673,  0.017352933274775224,
            0.013962033639633541, 0.011584478313557358,  0.009491899617846097,
            0.009973121148231666, 0.0007984473163953523, 0.0245841428670667,
            -0.0258512681564069,  0.033479377114001785,
        },
    };
    /// (atan q - q) / q^3 of q^2, for |q| to 1/2.
    pub const atan_tail: Polynomial = .{
        .single = &.{ -0.33333328, 0.19999515, -0.142725, 0.10944205, -0.079953834, 0.038872566 },
        .double = &.{
            -0.3333333333333332,   0.19999999999994506,  -0.14285714285062714,
            0.11111111072927686,   -0.09090907782129289, 0.07692278952976837,
            -0.06666240064306779,  0.05877934324711829,  -0.05230689245767823,
            0.04591890440330727,   -0.03717588513785249, 0.02373316532461916,
            -0.008413090337726463,
        },
    };
    /// erfInverse(x) / x as a polynomial of w = -log(1 - x^2), and of its square root from 5 (float64:
    /// 6.25) and from 16 on.
    pub const erf_inverse_near: Polynomial = .{
        .single = &.{
            1.5014094,     0.2466403,      -0.0041773394,  -0.0012527447,
            0.00021828263, -4.9619093e-06, -3.4346135e-06, 4.6589165e-07,
            1.8037492e-08, -8.772792e-09,  3.3552297e-10,
        },
        .double = &.{
            1.6536545626831027, 0.2401581824255883, -0.0060336708714269, -0.0007407025341543208, 0.0001867342080200511, -1.3882523394981876e-05, -1.365469176334427e-06, 4.234788183307273e-07, -2.9070390826792026e-08, -4.112661679928713e-09, 1.0512231162378122e-09, -5.414240039155444e-11, -1.2978709279272712e-11, 2.6303166996221293e-12, -8.074256792375303e-14, -3.9973130621824806e-14, 6.525105724096666e-15, -4.6488264270989204e-17, -1.225596540158428e-16, 1.6225842252961897e-17, 6.34849913036181e-19, -3.934972044609471e-19, 1.8927347306913885e-20, 4.916638786204936e-21, -3.411627213659884e-22, -2.828600095089606e-23,
        },
    };
    pub const erf_inverse_middle: Polynomial = .{
        .single = &.{
            2.8329768, 1.0016752, 0.009445556, -0.0076431255, 0.005684585, -0.003564553, 0.001488356, -0.00012905293, -0.00030062778, 0.00017643646, -1.5180712e-05, -1.0647373e-05,
        },
        .double = &.{
            3.0838856104922208, 1.0052589676941652, 0.0053709145535551705, -0.003751208508214045, 0.0024914420979488252, -0.0016882755358556753, 0.000953289341765882, -0.00035503780667620375, 2.4031510697887565e-05, 6.828704903595216e-05, -4.732066620287388e-05, 1.2465423655150304e-05, 2.9325197615418346e-06, -3.987140694986103e-06, 1.4817451228402892e-06, -2.432823461930912e-08, -2.457215806023531e-07, 1.2696201139163056e-07, -2.072708760181682e-08, -1.1664501339739314e-08, 7.613376536381131e-09, -1.2288944291693965e-09,
        },
    };
    pub const erf_inverse_far: Polynomial = .{
        .double = &.{
            4.849906401408584, 1.0103004648645448, -0.00013871931837975999, -0.0002150301197991783, 7.599527808468098e-05, -1.968177119641064e-05, 4.526052673738544e-06, -9.93025490517291e-07, 2.2905189683670258e-07, -6.757275151452131e-08, 2.9021975838261817e-08, -1.5213652519738372e-08, 7.81404365313155e-09, -3.5341158422084894e-09, 1.3262679083140006e-09, -3.808384539040531e-10, 6.085871963590812e-11, 1.477596040742894e-11, -1.6277588731297818e-11, 5.869349226441457e-12, -8.289777416939375e-13,
        },
    };
    /// erfInverse(x) / (x r) of (r - c) / (r + c) for the square root r of w, from 4 (float64: 6) on, with the
    /// center c above.
    pub const quantile_far: Polynomial = .{
        .single = &.{
            0.9766522, 0.06590562, -0.07724877, 0.053586915, -0.0155621255, -0.033473972, 0.09715984,
            -0.11718553,
        },
        .double = &.{
            0.9927551893327723, 0.023090994167319273, -0.034430122276578545, 0.03797898061596155,
            -0.03767871826782707, 0.034346089888719775, -0.02883360170899867, 0.021573361672576296,
            -0.013022414413898321, 0.0035059331900745556, 0.0066387319897531095, -0.01712989837782212,
            0.027687087582004593, -0.038206461233359565, 0.048477281979768035, -0.05657518760661293,
            0.06310262447273537, -0.08298325478796346, 0.10294149769095086, -0.043016886810328295,
            0.004396435275163455, -0.21386512183612488, 0.27877650530197123,
        },
    };
    /// x e^(x^2) erfc(x) of 1 / x^2, for x from where erfc is 0 on.
    pub const erfcx_far: Polynomial = .{
        .single = &.{
            0.5641896, -0.28209403, 0.42274633, -0.99068475,
        },
        .double = &.{
            0.5641895835477563, -0.2820947917738645, 0.4231421875419163, -1.0578550905993205,
            3.701948807823525, -16.29815905623156,
        },
    };
    /// I0(x) of x^2 for x to 8.
    pub const bessel_i0_near: Polynomial = .{
        .single = &.{
            1, 0.25000006, 0.01562495, 0.00043404382, 6.779314e-06, 6.800496e-08, 4.6235235e-10,
            2.6341832e-12, 5.8156588e-15, 5.716074e-17,
        },
        .double = &.{
            1.0, 0.25, 0.015625, 0.0004340277777777775, 6.781684027777912e-06, 6.781684027774464e-08,
            4.709502797120206e-10, 2.4028075489650437e-12, 9.385967032441031e-15,
            2.896903163365696e-17, 7.242267572640678e-20, 1.4963077909541023e-22,
            2.598373699499391e-25, 3.8340516066075553e-28, 4.9977699522991915e-31,
            4.75862188634914e-34, 8.167754980272763e-37,
        },
    };
    /// I0(x) e^-x sqrt x of 16 / x - 1, for x from 8 on.
    pub const bessel_i0_far: Polynomial = .{
        .single = &.{
            0.4021765, 0.003360558, 0.00013615652, 1.1102879e-05, 1.6386274e-06, 3.699976e-07,
        },
        .double = &.{
            0.4021765094450081, 0.0033605519836677937, 0.0001362160743896985, 1.1143033797347147e-05,
            1.483847672687673e-06, 2.9735968118823017e-07, 8.872020231674914e-08,
            3.9328099453885756e-08, 2.1567560561392153e-08, 7.538865360269818e-09,
            -6.856224719135939e-09, -1.3341421227412734e-08, -5.015941377124522e-09,
            7.368504735485696e-09, 6.514972889379496e-09, -3.17810694843725e-09,
            -4.517091880559152e-09, 1.1405852163294277e-09, 2.150327283407807e-09,
            -2.9654944135317935e-10, -6.425236797549043e-10, 3.945713290733446e-11,
            8.966141329457561e-11,
        },
    };
    /// I1(x) / x of x^2 for x to 8.
    pub const bessel_i1_near: Polynomial = .{
        .single = &.{
            0.5, 0.06250001, 0.0026041628, 5.4254575e-05, 6.780216e-07, 5.662106e-09, 3.318283e-11,
            1.6178225e-13, 3.5045562e-16, 2.7504436e-18,
        },
        .double = &.{
            0.5, 0.0625, 0.0026041666666666665, 5.4253472222222206e-05, 6.781684027777839e-07,
            5.651403356480075e-09, 3.363930569355034e-11, 1.5017547182422486e-13,
            5.214426120826378e-16, 1.4484516175836933e-18, 3.291938673442306e-21,
            6.234641834834119e-24, 9.993313598790162e-27, 1.369805155823045e-29, 1.662055581877259e-32,
            1.504884793248666e-35, 2.365247539648674e-38,
        },
    };
    /// I1(x) e^-x sqrt x of 16 / x - 1, for x from 8 on.
    pub const bessel_i1_far: Polynomial = .{
        .single = &.{
            0.38939846, -0.009749585, -0.00021916875, -1.499088e-05, -2.0091159e-06, -4.3141907e-07,
        },
        .double = &.{
            0.38939845902587233, -0.009749577193235678, -0.00021923576383157457,
            -1.5038547206170047e-05, -1.8349102435489163e-06, -3.483854199469913e-07,
            -1.0001081273780917e-07, -4.313117189258971e-08, -2.3393839300271637e-08,
            -8.413698339832232e-09, 6.847185818778455e-09, 1.3973944603425506e-08,
            5.570629744766449e-09, -7.47720442373785e-09, -6.937394079305066e-09,
            3.1307742134946783e-09, 4.7503538436881585e-09, -1.0953966781317885e-09,
            -2.2489286006235978e-09, 2.7984101955685756e-10, 6.701913707899806e-10,
            -3.686735754081911e-11, -9.339121842277844e-11,
        },
    };
    /// (tanh x - x) / x^3 of x^2.
    pub const tanh_tail: Polynomial = .{
        .single = &.{ -0.333332761, 0.133312745, -0.0537251253, 0.020589817, -0.00564830332 },
        .double = &.{
            -0.33333333333332726,   0.13333333333244846,     -0.0539682539233842,
            0.02186948739851763,    -0.0088632187140968,     0.0035919710009725894,
            -0.0014548669424293275, 0.0005860195439467128,   -0.00022797124004525358,
            7.647788367423274e-05,  -1.5750123356982557e-05,
        },
    };
    /// The series of log((1 + s) / (1 - s)) in s^2, without its first term.
    pub const log_tail: Polynomial = .{
        .single = &.{ 0.666666627, 0.400003314, 0.285374135, 0.235806912 },
        .double = &.{
            0.6666666666666731, 0.3999999999943308,  0.2857142873911188,  0.22222198851259203,
            0.1818355214650456, 0.15314315908142836, 0.14793677636208735,
        },
    };
    /// The same series after the term of s^3, for pow.
    pub const log_pair_tail: Polynomial = .{ .double = &.{
        0.1999999999999999,  0.14285714285722576, 0.11111111108763387, 0.09090909435752761,
        0.07692278394836156, 0.06668160275215346, 0.05837377445628358, 0.059947717076120184,
    } };
    /// (erf x - x) / x as a polynomial of x^2, near 0.
    pub const erf_tail: Polynomial = .{
        .single = &.{ 0.128379151, -0.376125574, 0.112825245, -0.0267939549, 0.00503587117, -0.000622241758 },
        .double = &.{
            0.12837916709551256,     -0.37612638903183054,    0.11283791670918555,
            -0.026866170637635325,   0.005223977546587322,    -0.0008548322178277719,
            0.00012055147009527565,  -1.4921050439543589e-05, 1.6388573175188997e-06,
            -1.5626596310243027e-07, 1.0475893086719962e-08,
        },
    };
    /// -log(1 - erf x), for larger x.
    pub const erf_exponent: Polynomial = .{
        .single = &.{
            0.000144232603, 1.12788928,   0.636820853,     0.104249991,
            -0.0223809145,  0.0030819634, -0.000199897637,
        },
        .double = &.{
            5.379546585740171e-08,  1.128378592012073,       0.636622584287782,
            0.10276434129835538,    -0.019112451974853104,   -0.00022981369644903878,
            0.0017118817751581475,  -0.0005909622953453094,  9.932265855215398e-06,
            8.96727238266249e-05,   -5.3563618343643075e-05, 1.951196592560596e-05,
            -5.160099852081253e-06, 1.031017149601078e-06,   -1.555019786140583e-07,
            1.724643155275974e-08,  -1.3303301543049882e-09, 6.381049402600349e-11,
            -1.433379215589997e-12,
        },
    };
    /// (t + c) e^(t^2 / 2) normalCdf(-t) of (t - c) / (t + c), for t from 0, with c the center above.
    pub const cdf_scaled: Polynomial = .{
        .single = &.{
            0.672408,      -0.33140457,   0.028798398, 0.036721595, -0.0004832127,
            -0.0067515736, -0.0018906121, 0.000884219, 0.000724153, 3.0752228e-05,
            -7.63121e-05,
        },
        .double = &.{
            0.7552851304157515,      -0.6078966419718921,    0.3871374007422194,
            -0.18652185795966594,    0.06039657489067019,    -0.007540188966417974,
            -0.0034796923616835333,  0.0016308184530212256,  0.00013334424926621295,
            -0.00023109490154235912, -1.907847973658816e-06, 3.5144558550245634e-05,
            7.149879934772155e-07,   -5.919975284783915e-06, -6.252500680882239e-07,
            1.0217832677635082e-06,  2.6417060748667686e-07, -1.564986323499744e-07,
            -7.720383132895417e-08,  1.600301179563524e-08,  1.459992572519475e-08,
            -3.1892084965870904e-10, -1.187382688950258e-09,
        },
    };
    /// lgamma(x) / ((x - 1) (x - 2)) of (x - c) / (x + c) for x from 1/2 to 6, with c the center above.
    pub const lgamma_middle: Polynomial = .{
        .single = &.{
            0.4501393, -0.41818556, 0.12718892, -0.14437096, 0.084180035, -0.09005517, 0.06217239,
            -0.06448242, 0.0586873, -0.062359646, 0.006471336, -0.0011666097, 0.104968525, -0.11268209,
        },
        .double = &.{
            0.4501393121092563, -0.4181855531883497, 0.12718992499338302, -0.1443730387966685,
            0.08412964238300162, -0.08997434061494432, 0.06311420501767834, -0.06579368490229359,
            0.05045866614847279, -0.05194764161211873, 0.04201007845592307, -0.04294475195756243,
            0.03598494378939001, -0.036628321821743574, 0.03136468324620104, -0.03175730295441673,
            0.028800190797336218, -0.02966593361708726, 0.019509765481376683, -0.01693490522066278,
            0.04916962845119339, -0.06042380946772744, -0.06535464509335803, 0.09479411624683663,
            0.20982955639858958, -0.2622626519766031, -0.24260288982729752, 0.2971753680618369,
            0.19479801809850128, -0.22068548301649782,
        },
    };
    /// x times what Stirling's formula lacks of lgamma(x), of 1 / x^2, for x from 6 on.
    pub const lgamma_far: Polynomial = .{
        .single = &.{
            0.08333333, -0.0027772363, 0.00076191773,
        },
        .double = &.{
            0.0833333333333333, -0.0027777777777388585, 0.0007936507793357597, -0.00059523547019998,
            0.0008414776631955496, -0.0019004859972692122, 0.005766466642629501, -0.015204217363505123,
        },
    };
    /// digamma(x) / (x - z) of (x - c) / (x + c) for x from 1/2 to 6, with z the zero and c the center above.
    pub const digamma_middle: Polynomial = .{
        .single = &.{
            0.8581832, -1.1418912, 0.7828334, -0.8204442, 0.7708209, -0.7925402, 0.78074247,
            -0.7919839, 0.71035975, -0.72170115, 1.2184006, -1.2120967, -0.72839516, 0.7151785,
            3.1709843, -3.1790543,
        },
        .double = &.{
            0.8581832171262995, -1.1418911975383699, 0.7828301910241436, -0.8204429354173054,
            0.7710375694604986, -0.7927003028303952, 0.7752412649663186, -0.7871800321826977,
            0.7778907316795087, -0.7851337045294459, 0.7792719464929634, -0.784096772650265,
            0.7800675899030073, -0.7835135880882412, 0.780243087165548, -0.782735044180788,
            0.784501436087291, -0.7874828893270157, 0.7469769510900566, -0.740341488810364,
            1.0160567175470514, -1.0682908917267246, -0.41611244155344773, 0.6461892487024352,
            5.2599956568046915, -6.021508988007539, -11.229277043715093, 12.992474082816182,
            22.860874493534396, -25.594770437684026, -24.608896136289445, 27.147108170932803,
            15.290988510259355, -16.360913904783324,
        },
    };
    /// (log x - 1 / (2 x) - digamma(x)) x^2 of 1 / x^2, for x from 6 on.
    pub const digamma_far: Polynomial = .{
        .single = &.{
            0.08333331, -0.008329788, 0.0037535052,
        },
        .double = &.{
            0.0833333333333333, -0.0083333333332968, 0.003968253950873935, -0.004166662523013029,
            0.00757518798770801, -0.02104448840698182, 0.08073053876366312, -0.35389807611257795,
            1.124653652722423,
        },
    };
    /// (sin r - r) / r^3 of r^2, for |r| to pi / 4.
    pub const sin_tail: Polynomial = .{
        .single = &.{ -0.166666552, 0.00833217893, -0.000195172703 },
        .double = &.{
            -0.16666666666666632,   0.00833333333332251,    -0.0001984126982986229,
            2.7557313705594502e-06, -2.505075966186832e-08, 1.5896858705200874e-10,
        },
    };
    /// (cos r - 1 + r^2 / 2) / r^4 of r^2, for |r| to pi / 4.
    pub const cos_tail: Polynomial = .{
        .single = &.{ 0.0416666456, -0.00138873747, 2.44391213e-05 },
        .double = &.{
            0.041666666666666616,    -0.0013888888888876074, 2.480158729053653e-05,
            -2.7557314622214874e-07, 2.087575632574236e-09,  -1.1361209196046812e-11,
        },
    };
};

/// The first 1280 binary digits of 2/pi, after 64 zeros.
pub const two_over_pi = [_]u64{
    0,                  0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
    0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};
